#!/bin/sh
# Second step of the example pipeline: reads what the first one saved.
set -e
greeting=$(sed -n 's/.*"greeting": *"\([^"]*\)".*/\1/p' "$FX_CONTEXT")
echo "the greeting has ${#greeting} characters"
printf '{"save": {"length": %d}}\n' "${#greeting}" >&3
