# Told: $source, $offset. Prints the file's size and SHA-256, then its content from the offset on in lines of base64.
$source = [IO.Path]::GetFullPath($source)
if ([IO.Directory]::Exists($source)) { throw "$source is a directory" }
$file = New-Object IO.FileStream ($source, 'Open', 'Read', 'ReadWrite')
$sha = New-Object Security.Cryptography.SHA256CryptoServiceProvider
$found = [BitConverter]::ToString($sha.ComputeHash($file)).Replace('-', '')
[Console]::Out.WriteLine("$($file.Length) $found")
$file.Position = [long]$offset
$buffer = New-Object byte[] 49152
while (($count = $file.Read($buffer, 0, $buffer.Length)) -gt 0) {
  [Console]::Out.WriteLine([Convert]::ToBase64String($buffer, 0, $count))
}
$file.Close()
exit 0
