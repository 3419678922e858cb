output "ipv4" {
  description = "Address that the domain's A record has to have."
  value       = hcloud_server.agon.ipv4_address
}

output "ipv6" {
  description = "Address that the domain's AAAA record has to have."
  value       = hcloud_server.agon.ipv6_address
}

output "url" {
  description = "Where the API is once the name points there."
  value       = "https://${var.domain}"
}

output "key" {
  description = "How to read the operator's key, which is made on the server and known there alone; take it away and make others with it."
  value       = "ssh root@${hcloud_server.agon.ipv4_address} cat /var/lib/agon/operator.key"
}

output "update" {
  description = "How another binary is installed; run it after agon_url and agon_sha256 have changed."
  value       = "ssh root@${hcloud_server.agon.ipv4_address} '${module.first_boot.update}'"
}
