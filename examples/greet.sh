#!/bin/sh
# First step of the example pipeline. The event is a CloudEvent on standard
# input; what is printed becomes the step's log; what is written to descriptor 3
# is saved with the execution.
set -e
name=$(sed -n 's/.*"data":{.*"name" *: *"\([^"]*\)".*/\1/p')
echo "greeting ${name:-nobody}"
printf '{"save": {"greeting": "Hello, %s!"}}\n' "${name:-whoever you are}" >&3
