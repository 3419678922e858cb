# One small server with its data on a volume of its own, which outlives the server. What is on it comes from
# first-boot, which knows no provider and so can be tried without one.

module "first_boot" {
  source = "./first-boot"

  domain       = var.domain
  agon_url     = var.agon_url
  agon_sha256  = var.agon_sha256
  ssh_cidrs    = var.ssh_cidrs
  client_cidrs = var.client_cidrs
  device       = hcloud_volume.data.linux_device
}

resource "hcloud_ssh_key" "operator" {
  name       = var.name
  public_key = var.ssh_public_key
}

resource "hcloud_firewall" "agon" {
  name = var.name

  dynamic "rule" {
    for_each = module.first_boot.firewall_rules
    content {
      description = rule.value.description
      direction   = "in"
      protocol    = "tcp"
      port        = rule.value.port
      source_ips  = rule.value.cidrs
    }
  }
}

resource "hcloud_volume" "data" {
  name     = "${var.name}-data"
  location = var.location
  size     = var.volume_size_gb
  # Neither a mistake here nor one in the provider's console removes it.
  delete_protection = true

  lifecycle {
    prevent_destroy = true
  }
}

resource "hcloud_server" "agon" {
  name         = var.name
  image        = "debian-12"
  server_type  = var.server_type
  location     = var.location
  ssh_keys     = [hcloud_ssh_key.operator.id]
  firewall_ids = [hcloud_firewall.agon.id]
  backups      = var.backups
  user_data    = module.first_boot.user_data

  # Power is not cut while there is something to say goodbye to.
  shutdown_before_deletion = true

  lifecycle {
    # Both are for the first start alone, and another server would have another address. How to update is an
    # output; whoever wants a new server says so: terraform apply -replace hcloud_server.agon.
    ignore_changes = [user_data, ssh_keys]
  }
}

resource "hcloud_volume_attachment" "data" {
  volume_id = hcloud_volume.data.id
  server_id = hcloud_server.agon.id
  # first-boot mounts it.
  automount = false
}
