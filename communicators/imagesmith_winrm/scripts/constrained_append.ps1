# Told: $draft, $folder. Appends the bytes that come as lines of decimal numbers, and prints the size of the draft.
# Needs no method of .NET, so that it works where PowerShell is constrained.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
if (-not (Test-Path -LiteralPath $folder)) { $made = New-Item -ItemType Directory -Force -Path $folder }
foreach ($line in $input) {
  if ($line) { Add-Content -LiteralPath $draft -Encoding Byte -Value ([byte[]]($line -split ',')) }
}
$size = 0
if (Test-Path -LiteralPath $draft) { $size = (Get-Item -LiteralPath $draft -Force).Length }
Write-Output "$size"
exit 0
