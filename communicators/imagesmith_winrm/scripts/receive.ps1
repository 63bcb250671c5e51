# Told: $draft, $target, $kind ("file" or "tree").
# Appends what comes, lines of base64, to the draft; an empty line ends it, the next one is the SHA-256 of the whole
# draft. Then the draft becomes the target, or is unpacked below it. Input that ends early leaves the draft as it is,
# so that somebody can go on with it. 96: the draft was damaged, and is gone.
$draft = [IO.Path]::GetFullPath($draft)
$target = [IO.Path]::GetFullPath($target)
if ($kind -eq 'file' -and [IO.Directory]::Exists($target)) { throw "$target is a directory" }
if ($kind -eq 'tree' -and [IO.File]::Exists($target)) { throw "$target is a file, not a directory" }
$folder = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($draft))
$file = New-Object IO.FileStream ($draft, 'OpenOrCreate', 'ReadWrite', 'ReadWrite')
$file.Position = $file.Length
while ($line = $lines.ReadLine()) {
  $bytes = [Convert]::FromBase64String($line)
  $file.Write($bytes, 0, $bytes.Length)
}
$wanted = $lines.ReadLine()
if (-not $wanted) {
  $file.Close()
  throw 'the input ended early'
}
$file.Position = 0
$sha = New-Object Security.Cryptography.SHA256CryptoServiceProvider
$found = [BitConverter]::ToString($sha.ComputeHash($file)).Replace('-', '')
$file.Close()
if ($found -ne $wanted) {
  [IO.File]::Delete($draft)
  exit 96
}
if ($kind -eq 'file') {
  [IO.File]::Delete($target)
  [IO.File]::Move($draft, $target)
  exit 0
}
Add-Type -AssemblyName System.IO.Compression
Add-Type -AssemblyName System.IO.Compression.FileSystem
$folder = [IO.Directory]::CreateDirectory($target)
$archive = [IO.Compression.ZipFile]::OpenRead($draft)
foreach ($entry in $archive.Entries) {
  $path = [IO.Path]::Combine($target, $entry.FullName)
  if ($entry.Name) {
    $folder = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($path))
    [IO.Compression.ZipFileExtensions]::ExtractToFile($entry, $path, $true)
  } else {
    $folder = [IO.Directory]::CreateDirectory($path)
  }
}
$archive.Dispose()
[IO.File]::Delete($draft)
exit 0
