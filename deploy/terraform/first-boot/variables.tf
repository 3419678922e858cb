variable "domain" {
  description = "Name under which the API is served."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain))
    error_message = "The domain has to be a full name in lower case, such as agon.example.org."
  }
}

variable "agon_url" {
  description = "Where the binary is fetched."
  type        = string

  validation {
    # It becomes part of a command for people to run, so there is nothing in it that a shell reads within quotation
    # marks.
    condition     = can(regex("^https://[A-Za-z0-9._~:/?@%&+,;=-]+$", var.agon_url))
    error_message = "The binary has to be fetched by https, from a URL of letters, digits and ._~:/?@%&+,;=- alone; others can be written with a percent sign, such as %24."
  }
}

variable "agon_sha256" {
  description = "SHA-256 of the binary."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.agon_sha256))
    error_message = "A SHA-256 is 64 hexadecimal digits in lower case."
  }
}

variable "ssh_cidrs" {
  description = "Networks that may log in; none closes the port."
  type        = list(string)

  validation {
    condition     = alltrue([for cidr in var.ssh_cidrs : can(cidrhost(cidr, 0))])
    error_message = "Each has to be a network such as 198.51.100.7/32 or 2001:db8::/48."
  }

  validation {
    # A half of the internet is as good as the whole.
    condition     = alltrue([for cidr in var.ssh_cidrs : tonumber(split("/", cidr)[1]) >= 8 if can(cidrhost(cidr, 0))])
    error_message = "Who may log in has to be narrowed down to networks of /8 or smaller, for instance your own address with /32."
  }
}

variable "client_cidrs" {
  description = "Networks that may reach the API."
  type        = list(string)

  validation {
    condition     = length(var.client_cidrs) > 0 && alltrue([for cidr in var.client_cidrs : can(cidrhost(cidr, 0))])
    error_message = "There has to be one network at least, and each has to be one such as 0.0.0.0/0 or 2001:db8::/48."
  }
}

variable "device" {
  description = "Path of the volume with the data on the server."
  type        = string

  validation {
    condition     = can(regex("^/dev/[A-Za-z0-9_./-]+$", var.device))
    error_message = "The device has to be a path below /dev."
  }
}
