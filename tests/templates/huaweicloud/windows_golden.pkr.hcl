# The shape of a Windows golden image on a partner cloud: WinRM over TLS, an address that is there already.
variable "admin_password" {
  type      = string
  default   = "Placeholder-1"
  sensitive = true
}

source "huaweicloud-ecs" "windows" {
  auth_url         = "https://iam.my-kualalumpur-1.alphaedge.tmone.com.my/v3"
  insecure         = true
  region           = "my-kualalumpur-1"
  project_name     = "my-kualalumpur-1"
  flavor           = "s7.large.2"
  source_image     = "7a5b1c9e-3f66-4bd5-9f0d-0f8a2b6c1d31"
  image_name       = "windows-golden"
  floating_ip      = "7a5b1c9e-3f66-4bd5-9f0d-0f8a2b6c1d32"
  vpc_id           = "7a5b1c9e-3f66-4bd5-9f0d-0f8a2b6c1d33"
  subnets          = ["7a5b1c9e-3f66-4bd5-9f0d-0f8a2b6c1d34"]
  security_groups  = ["7a5b1c9e-3f66-4bd5-9f0d-0f8a2b6c1d35"]
  user_data_file   = "${path.root}/windows_first_boot.ps1"
  communicator     = "winrm"
  winrm_username   = "Administrator"
  winrm_password   = var.admin_password
  winrm_use_ssl    = true
  winrm_insecure   = true
  winrm_use_ntlm   = true
  winrm_timeout    = "30m"
}

build {
  sources = ["source.huaweicloud-ecs.windows"]

  provisioner "powershell" {
    elevated_user     = "Administrator"
    elevated_password = build.WinRMPassword
    inline            = ["Get-ComputerInfo"]
  }

  provisioner "windows-restart" {}
}
