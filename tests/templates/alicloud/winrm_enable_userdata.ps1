[powershell]
winrm quickconfig -quiet
