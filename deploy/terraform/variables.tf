variable "name" {
  description = "Name of the server, and the beginning of the names of what belongs to it."
  type        = string
  default     = "agon"
}

variable "location" {
  description = "Where the server and its volume are: fsn1, nbg1, hel1, ash, hil or sin."
  type        = string
  default     = "fsn1"
}

variable "server_type" {
  description = "Size of the server. cax11 is the smallest, with two ARM cores and 4 GB: the binary has to be built for it."
  type        = string
  default     = "cx23"
}

variable "volume_size_gb" {
  description = "Size of the volume with the data, in GB, 10 at least. It can grow later."
  type        = number
  default     = 20
}

variable "ssh_public_key" {
  description = "The public key that may log in as root, such as file(\"~/.ssh/id_ed25519.pub\")."
  type        = string
}

variable "ssh_cidrs" {
  description = "Networks that may log in. None, and the port is closed; never the whole internet."
  type        = list(string)
  default     = []
}

variable "client_cidrs" {
  description = "Networks that may reach the API over HTTPS. Certificates are had over port 80, from everywhere."
  type        = list(string)
  default     = ["0.0.0.0/0", "::/0"]
}

variable "domain" {
  description = "Name under which the API is served; it has to point to the server's address, see the outputs."
  type        = string
}

variable "agon_url" {
  description = "Where the server fetches the binary, by https."
  type        = string
}

variable "agon_sha256" {
  description = "SHA-256 of the binary, without which it is not installed."
  type        = string
}

variable "backups" {
  description = "Whether the provider makes daily copies of the server. They do not contain the volume: use agon export."
  type        = bool
  default     = false
}
