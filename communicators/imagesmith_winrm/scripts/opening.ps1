# Stands before every other script but those named constrained_*. What a script is told stands before this, as
# assignments of strings. 95 is the answer of a PowerShell that may call no methods (ConstrainedLanguage).
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') { exit 95 }
trap {
  [Console]::Error.WriteLine($_.Exception.GetBaseException().Message)
  exit 1
}
$lines = New-Object IO.StreamReader ([Console]::OpenStandardInput())
