# A configuration as people have it for a managed Kafka. Nothing in it names Segue:
# AIVEN_WEB_URL and AIVEN_TOKEN do, in the environment.
terraform {
  required_providers {
    aiven = {
      source  = "aiven/aiven"
      version = ">= 4.0.0, < 5.0.0"
    }
  }
}

provider "aiven" {}

variable "billing_password" {
  type      = string
  sensitive = true
}

variable "auto_create_topics" {
  type    = bool
  default = false
}

variable "protected" {
  type    = bool
  default = true
}

resource "aiven_project" "shop" {
  project          = "shop"
  technical_emails = ["kafka@example.com"]

  tag {
    key   = "team"
    value = "platform"
  }
}

resource "aiven_kafka" "orders" {
  project                 = aiven_project.shop.project
  service_name            = "orders"
  cloud_name              = "google-europe-west1"
  plan                    = "business-4"
  maintenance_window_dow  = "monday"
  maintenance_window_time = "10:00:00"
  termination_protection  = var.protected
  default_acl             = false

  kafka_user_config {
    kafka_version = "3.8"

    kafka_authentication_methods {
      certificate = true
    }

    kafka {
      auto_create_topics_enable    = var.auto_create_topics
      log_retention_bytes          = 1000000000
      group_max_session_timeout_ms = 70000
    }
  }

  tech_emails {
    email = "orders@example.com"
  }

  tag {
    key   = "tier"
    value = "1"
  }
}

resource "aiven_kafka_user" "checkout" {
  project      = aiven_project.shop.project
  service_name = aiven_kafka.orders.service_name
  username     = "checkout"
}

resource "aiven_kafka_user" "billing" {
  project      = aiven_project.shop.project
  service_name = aiven_kafka.orders.service_name
  username     = "billing"
  password     = var.billing_password
}

resource "aiven_kafka_acl" "checkout" {
  project      = aiven_project.shop.project
  service_name = aiven_kafka.orders.service_name
  topic        = "orders.*"
  permission   = "readwrite"
  username     = aiven_kafka_user.checkout.username
}

data "aiven_project" "shop" {
  project = aiven_project.shop.project
}

data "aiven_kafka" "orders" {
  project      = aiven_project.shop.project
  service_name = aiven_kafka.orders.service_name
}

data "aiven_kafka_user" "checkout" {
  project      = aiven_project.shop.project
  service_name = aiven_kafka.orders.service_name
  username     = aiven_kafka_user.checkout.username
}

data "aiven_service_component" "kafka" {
  project                     = aiven_project.shop.project
  service_name                = aiven_kafka.orders.service_name
  component                   = "kafka"
  route                       = "dynamic"
  kafka_authentication_method = "certificate"
}

output "ca_cert" {
  value     = aiven_project.shop.ca_cert
  sensitive = true
}

output "access_cert" {
  value     = aiven_kafka_user.checkout.access_cert
  sensitive = true
}

output "access_key" {
  value     = aiven_kafka_user.checkout.access_key
  sensitive = true
}

output "service_uri" {
  value     = aiven_kafka.orders.service_uri
  sensitive = true
}

output "bootstrap" {
  value = "${data.aiven_service_component.kafka.host}:${data.aiven_service_component.kafka.port}"
}
