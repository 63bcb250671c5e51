# Told: $name, $log. Reads three lines of base64: user, password (may be empty) and command; runs the command as a
# scheduled task of that user with all its rights, prints what it prints while it runs, and ends as it ends.
# Standard error is only for what goes wrong here. Neither the task nor its log is left.
function Read-Text {
  [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($lines.ReadLine()))
}
$user = Read-Text
$password = Read-Text
$command = Read-Text
$argument = '/s /c "chcp 65001 >nul & ' + $command + ' > "' + $log + '" 2>&1"'
$action = New-ScheduledTaskAction -Execute "$env:SystemRoot\System32\cmd.exe" -Argument $argument
$settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit ([TimeSpan]::Zero) -Priority 4 -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries
$output = [Console]::OpenStandardOutput()
$buffer = New-Object byte[] 32768
$file = $null
$pauses = 0
$result = 267011
try {
  if ($password) {
    $task = Register-ScheduledTask -TaskName $name -Action $action -Settings $settings -RunLevel Highest -User $user -Password $password
  } else {
    $principal = New-ScheduledTaskPrincipal -UserId $user -LogonType ServiceAccount -RunLevel Highest
    $task = Register-ScheduledTask -TaskName $name -Action $action -Settings $settings -Principal $principal
  }
  Start-ScheduledTask -TaskName $name
  $running = $true
  while ($running) {
    $state = "$((Get-ScheduledTask -TaskName $name).State)"
    $result = (Get-ScheduledTaskInfo -TaskName $name).LastTaskResult
    $running = $state -eq 'Running' -or $state -eq 'Queued' -or $result -eq 267009
    if ($result -eq 267011 -and -not $running) {
      $running = $true
      if ($pauses -gt 300) { throw 'the scheduled task does not start' }
    }
    if (-not $file -and [IO.File]::Exists($log)) {
      $file = New-Object IO.FileStream ($log, 'Open', 'Read', 'ReadWrite')
    }
    if ($file) {
      while (($count = $file.Read($buffer, 0, $buffer.Length)) -gt 0) { $output.Write($buffer, 0, $count) }
      $output.Flush()
    }
    if ($running) {
      Start-Sleep -Milliseconds 200
      $pauses = $pauses + 1
    }
  }
} finally {
  if ($file) { $file.Close() }
  Stop-ScheduledTask -TaskName $name -ErrorAction SilentlyContinue
  Unregister-ScheduledTask -TaskName $name -Confirm:$false -ErrorAction SilentlyContinue
  Remove-Item -LiteralPath $log -Force -ErrorAction SilentlyContinue
}
exit ([BitConverter]::ToInt32([BitConverter]::GetBytes([uint32]$result), 0))
