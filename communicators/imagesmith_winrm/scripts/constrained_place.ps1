# Told: $draft, $target, $wanted (a SHA-256; none: the draft is only removed). Makes the draft the target.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
if ($wanted) {
  if (Test-Path -LiteralPath $target -PathType Container) { throw "$target is a directory" }
  if (-not (Test-Path -LiteralPath $draft)) { $made = New-Item -ItemType File -Path $draft }
  $found = (Get-FileHash -LiteralPath $draft -Algorithm SHA256).Hash
  if ($found -ne $wanted) {
    Remove-Item -LiteralPath $draft -Force
    exit 96
  }
  Move-Item -LiteralPath $draft -Destination $target -Force
  exit 0
}
if (Test-Path -LiteralPath $draft) { Remove-Item -LiteralPath $draft -Force }
exit 0
