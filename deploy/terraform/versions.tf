# OpenTofu does as well as Terraform.
terraform {
  required_version = ">= 1.6"
  required_providers {
    hcloud = {
      source  = "hetznercloud/hcloud"
      version = "~> 1.49"
    }
  }
}

# The token comes from the variable HCLOUD_TOKEN, so that it is in no file here.
provider "hcloud" {}
