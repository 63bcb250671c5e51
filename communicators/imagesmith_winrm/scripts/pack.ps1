# Told: $draft, $source. Packs each file and folder that the source, which may have wildcards, names into a zip file.
$draft = [IO.Path]::GetFullPath($draft)
$items = @(Get-Item -Path $source -Force)
if ($items.Count -eq 0) { throw "no file or folder is named $source" }
Add-Type -AssemblyName System.IO.Compression
Add-Type -AssemblyName System.IO.Compression.FileSystem
[IO.File]::Delete($draft)
$archive = [IO.Compression.ZipFile]::Open($draft, 'Create')
foreach ($item in $items) {
  if ($item.PSIsContainer) {
    $entry = $archive.CreateEntry($item.Name + '/')
    foreach ($one in @(Get-ChildItem -LiteralPath $item.FullName -Recurse -Force)) {
      $name = $item.Name + $one.FullName.Substring($item.FullName.Length).Replace('\', '/')
      if ($one.PSIsContainer) {
        $entry = $archive.CreateEntry($name + '/')
      } else {
        $entry = [IO.Compression.ZipFileExtensions]::CreateEntryFromFile($archive, $one.FullName, $name)
      }
    }
  } else {
    $entry = [IO.Compression.ZipFileExtensions]::CreateEntryFromFile($archive, $item.FullName, $item.Name)
  }
}
$archive.Dispose()
exit 0
