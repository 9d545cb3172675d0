/* channel - see channel.h. */
#include "web/channel.h"

#include "base/clock.h"

/* How much is read of a body that nobody wants: see channel_drain. */
#define DRAIN_BYTES (32 << 20)
#define DRAIN_MS 30000
#define DRAIN_STEP 8192

ssize_t channel_read(struct channel *channel, void *buffer, size_t len)
{
    if (channel->ended)
        return 0;
    ssize_t n = channel->read(channel, buffer, len);
    channel->ended = n <= 0;
    return n;
}

void channel_drain(struct channel *channel)
{
    uint8_t bytes[DRAIN_STEP];
    if (channel->ended)
        return;
    int64_t until_ms = clock_mono_ms() + DRAIN_MS;
    for (size_t taken = 0; taken < DRAIN_BYTES && clock_mono_ms() < until_ms;) {
        ssize_t n = channel_read(channel, bytes, sizeof bytes);
        if (n <= 0)
            return;
        taken += (size_t)n;
    }
}

struct pollfd channel_peer(const struct channel *channel)
{
    return channel->peer(channel);
}

void channel_send(struct channel *channel, struct span head, struct span body)
{
    channel_drain(channel);
    channel->send(channel, head, body);
}
