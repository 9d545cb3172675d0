#!/bin/sh
# Posts that an execution has failed for good to a chat that takes {"text": …}, as Slack, Mattermost
# and Rocket.Chat do. The URL is a secret of its own: fxctl step-secret set chat-url
set -eu
event=$(cat)
# The text of a member, still escaped as JSON has it, and so fit to stand in JSON again.
member() {
    printf '%s\n' "$event" | sed -nE 's/.*"data":\{(.*)/\1/; s/.*"'"$1"'":"(([^"\\]|\\.)*)".*/\1/p'
}
printf '{"text": "%s has failed: %s\\nfxctl execution show %s"}' \
    "$(member service)" "$(member error)" "$(member execution_id)" |
    curl -sS --fail -H 'Content-Type: application/json' --data-binary @- "$APP_CHAT_URL"
