# Told: $source. Prints the file's size and SHA-256, then its bytes as lines of decimal numbers.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
if (Test-Path -LiteralPath $source -PathType Container) { throw "$source is a directory" }
$size = (Get-Item -LiteralPath $source -Force).Length
$found = (Get-FileHash -LiteralPath $source -Algorithm SHA256).Hash
Write-Output "$size $found"
Get-Content -LiteralPath $source -Encoding Byte -ReadCount 4096 | ForEach-Object { $_ -join ',' }
exit 0
