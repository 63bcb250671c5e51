# Told: $draft, $action ("measure" or "discard"). Prints how many bytes of the draft there are.
$draft = [IO.Path]::GetFullPath($draft)
if ($action -eq 'discard') { [IO.File]::Delete($draft) }
$size = 0
if ([IO.File]::Exists($draft)) {
  $facts = New-Object IO.FileInfo ($draft)
  $size = $facts.Length
}
[Console]::Out.WriteLine("$size")
exit 0
