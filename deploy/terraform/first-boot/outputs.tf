output "firewall_rules" {
  description = "Ports that are open, each with the networks that may reach it."
  value       = local.firewall_rules
}

output "user_data" {
  description = "What the server is given for its first start, for cloud-init."
  value       = "#cloud-config\n${yamlencode(local.cloud_config)}"
}
