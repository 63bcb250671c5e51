# Told: $name, $log. Ends the task of elevated.ps1, whose own process is gone, and leaves nothing of it.
$ErrorActionPreference = 'SilentlyContinue'
Stop-ScheduledTask -TaskName $name
Unregister-ScheduledTask -TaskName $name -Confirm:$false
for ($tries = 0; $tries -lt 20 -and [IO.File]::Exists($log); $tries++) {
  Remove-Item -LiteralPath $log -Force
  if ([IO.File]::Exists($log)) { Start-Sleep -Milliseconds 200 }
}
exit 0
