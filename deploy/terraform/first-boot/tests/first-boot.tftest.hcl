# terraform init && terraform test, in the directory above. Nothing is made by it.

variables {
  domain       = "agon.example.org"
  agon_url     = "https://downloads.example.org/agon"
  agon_sha256  = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
  ssh_cidrs    = ["198.51.100.7/32", "2001:db8::/48"]
  client_cidrs = ["203.0.113.0/24"]
  device       = "/dev/disk/by-id/scsi-0HC_Volume_1"
}

run "only_https_certificates_and_ssh_are_open" {
  command = plan

  assert {
    condition     = join(" ", [for rule in output.firewall_rules : rule.port]) == "443 80 22"
    error_message = "ports: ${join(" ", [for rule in output.firewall_rules : rule.port])}"
  }

  assert {
    condition     = output.firewall_rules[0].cidrs == tolist(["203.0.113.0/24"]) && output.firewall_rules[2].cidrs == tolist(["198.51.100.7/32", "2001:db8::/48"])
    error_message = "the networks are not those that were asked for"
  }
}

run "without_networks_for_ssh_its_port_is_closed" {
  command = plan

  variables {
    ssh_cidrs = []
  }

  assert {
    condition     = !contains([for rule in output.firewall_rules : rule.port], "22")
    error_message = "port 22 is open"
  }
}

run "the_server_is_told_what_to_be" {
  command = plan

  assert {
    condition     = startswith(output.user_data, "#cloud-config\n")
    error_message = "cloud-init would not know what this is"
  }

  assert {
    condition     = yamldecode(output.user_data).runcmd == [["/usr/local/sbin/agon-first-boot", "/dev/disk/by-id/scsi-0HC_Volume_1", "https://downloads.example.org/agon", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]]
    error_message = "another command: ${jsonencode(yamldecode(output.user_data).runcmd)}"
  }

  assert {
    condition     = strcontains({ for f in yamldecode(output.user_data).write_files : f.path => f.content }["/etc/caddy/Caddyfile"], "\nagon.example.org {\n")
    error_message = "the domain is not served"
  }

  assert {
    condition     = { for f in yamldecode(output.user_data).write_files : f.path => f.content }["/etc/systemd/system/agon.service"] == file("../../systemd/agon.service")
    error_message = "another unit"
  }

  # The provider takes 32 KiB.
  assert {
    condition     = length(output.user_data) < 32768
    error_message = "too long: ${length(output.user_data)} characters"
  }
}

run "the_domain_is_the_one_that_is_given" {
  command = plan

  variables {
    domain = "scores.example.net"
  }

  assert {
    condition     = strcontains({ for f in yamldecode(output.user_data).write_files : f.path => f.content }["/etc/caddy/Caddyfile"], "\nscores.example.net {\n")
    error_message = "the domain is not served"
  }

  assert {
    condition     = !strcontains(output.user_data, "agon.example.org")
    error_message = "the example is still there"
  }
}

run "nobody_logs_in_from_the_whole_internet" {
  command = plan

  variables {
    ssh_cidrs = ["0.0.0.0/0"]
  }

  expect_failures = [var.ssh_cidrs]
}

run "nor_from_half_of_it" {
  command = plan

  variables {
    ssh_cidrs = ["198.51.100.7/32", "8000::/1"]
  }

  expect_failures = [var.ssh_cidrs]
}

run "an_address_is_no_network" {
  command = plan

  variables {
    ssh_cidrs = ["198.51.100.7"]
  }

  expect_failures = [var.ssh_cidrs]
}

run "what_is_not_https_is_not_fetched" {
  command = plan

  variables {
    agon_url = "http://downloads.example.org/agon"
  }

  expect_failures = [var.agon_url]
}

run "an_update_is_one_command_whatever_the_url_asks_for" {
  command = plan

  variables {
    agon_url = "https://downloads.example.org/agon?version=0.1.0&signature=a%2Bb;c"
  }

  assert {
    condition     = output.update == "agon-first-boot /dev/disk/by-id/scsi-0HC_Volume_1 \"https://downloads.example.org/agon?version=0.1.0&signature=a%2Bb;c\" e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    error_message = "another command: ${output.update}"
  }
}

run "a_url_is_no_command" {
  command = plan

  variables {
    agon_url = "https://downloads.example.org/$(reboot)"
  }

  expect_failures = [var.agon_url]
}

run "nor_ends_the_quotation_that_it_is_in" {
  command = plan

  variables {
    agon_url = "https://downloads.example.org/agon';reboot;'"
  }

  expect_failures = [var.agon_url]
}

run "a_digest_has_its_length" {
  command = plan

  variables {
    agon_sha256 = "e3b0"
  }

  expect_failures = [var.agon_sha256]
}

run "a_domain_is_a_name" {
  command = plan

  variables {
    domain = "https://agon.example.org"
  }

  expect_failures = [var.domain]
}

run "somebody_is_served" {
  command = plan

  variables {
    client_cidrs = []
  }

  expect_failures = [var.client_cidrs]
}
