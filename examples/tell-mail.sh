#!/bin/sh
# Mails that an execution has failed for good. By SMTP: a confined script gains no rights, which
# sendmail needs to reach its queue. What comes from the failed pipeline stands in the body alone.
set -eu
event=$(cat)
member() {
    printf '%s\n' "$event" | sed -nE 's/.*"data":\{(.*)/\1/; s/.*"'"$1"'":"(([^"\\]|\\.)*)".*/\1/p'
}
curl -sS --mail-from "$APP_MAIL_FROM" --mail-rcpt "$APP_MAIL_TO" --upload-file - "$APP_SMTP" <<MAIL
From: FX Bridge <$APP_MAIL_FROM>
To: $APP_MAIL_TO
Subject: an execution has failed
Content-Type: text/plain; charset=utf-8

Pipeline   $(member service)
Error      $(member error)
Execution  $(member execution_id)

What ran, and for what:  fxctl execution show $(member execution_id)
Once that is mended:     fxctl dead-letter retry $(member execution_id)
$(member link)
MAIL
echo "mailed to $APP_MAIL_TO"
