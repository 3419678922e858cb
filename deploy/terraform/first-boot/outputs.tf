output "firewall_rules" {
  description = "Ports that are open, each with the networks that may reach it."
  value       = local.firewall_rules
}

output "update" {
  description = "The command that installs another binary on the server, for a shell there; it has no single quotes."
  value       = "agon-first-boot ${var.device} \"${var.agon_url}\" ${var.agon_sha256}"
}

output "user_data" {
  description = "What the server is given for its first start, for cloud-init."
  value       = "#cloud-config\n${yamlencode(local.cloud_config)}"
}
