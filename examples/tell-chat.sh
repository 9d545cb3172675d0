#!/bin/sh
# Posts that an execution has failed for good to a chat that takes {"text": …}, as Slack, Mattermost
# and Rocket.Chat do, or {"content": …}, as Discord does. The URL is a secret of its own: fxctl
# step-secret set chat-url
set -eu
event=$(cat)
# The text of a member, still escaped as JSON has it, and so fit to stand in JSON again.
member() {
    printf '%s\n' "$event" | sed -nE 's/.*"data":\{(.*)/\1/; s/.*"'"$1"'":"(([^"\\]|\\.)*)".*/\1/p'
}
link=$(member link)
text="$(member service) has failed: $(member error)\\nfxctl execution show $(member execution_id)${link:+\\n$link}"
# Nobody is called by what failed: Slack has <!channel>, Discord @everyone.
plain=$(printf '%s' "$text" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g')
body=$(printf '{"text": "%s", "content": "%s", "allowed_mentions": {"parse": []}}' "$plain" "$text")
# The URL stands on no command line, which others could read.
printf 'url = "%s"\n' "$APP_CHAT_URL" |
    curl -sS --fail -K - -H 'Content-Type: application/json' --data-binary "$body"
