#!/bin/sh
# Installs the unmodified avn and prints the program.
exec "$(dirname "$0")/fetch-python.sh" requirements.txt avn
