#!/bin/sh
# Installs schemathesis, which tries an API by its specification, and prints the program.
exec "$(dirname "$0")/fetch-python.sh" requirements-schemathesis.txt schemathesis
