# What a server has to be: who may reach it and what is done when it starts for the first time. No provider is
# needed for that, so it can be tried anywhere: terraform init && terraform test.

terraform {
  required_version = ">= 1.6"
}

locals {
  systemd = "${path.module}/../../systemd"

  # Agon itself listens on loopback: no other port is open to anybody.
  firewall_rules = concat(
    [
      { description = "HTTPS", port = "443", cidrs = var.client_cidrs },
      # Whoever issues certificates asks from anywhere; all else is redirected to HTTPS.
      { description = "certificates", port = "80", cidrs = ["0.0.0.0/0", "::/0"] },
    ],
    length(var.ssh_cidrs) == 0 ? [] : [{ description = "ssh", port = "22", cidrs = var.ssh_cidrs }],
  )

  cloud_config = {
    package_update  = true
    package_upgrade = true
    packages        = ["caddy", "curl", "unattended-upgrades"]
    ssh_pwauth      = false

    # Before packages are installed, so that Caddy keeps the Caddyfile that it finds.
    write_files = [
      { path = "/etc/systemd/system/agon.service", permissions = "0644", content = file("${local.systemd}/agon.service") },
      { path = "/usr/lib/sysusers.d/agon.conf", permissions = "0644", content = file("${local.systemd}/agon.sysusers") },
      { path = "/usr/lib/tmpfiles.d/agon.conf", permissions = "0644", content = file("${local.systemd}/agon.tmpfiles") },
      { path = "/etc/agon/agon.toml", permissions = "0640", content = file("${local.systemd}/agon.toml") },
      { path = "/etc/caddy/Caddyfile", permissions = "0644", content = replace(file("${path.module}/Caddyfile"), "agon.example.org", var.domain) },
      { path = "/usr/local/sbin/agon-first-boot", permissions = "0755", content = file("${path.module}/first-boot.sh") },
    ]

    # As a list no shell looks at it.
    runcmd = [["/usr/local/sbin/agon-first-boot", var.device, var.agon_url, var.agon_sha256]]
  }
}
