/* base64 - see base64.h. */
#include "base/base64.h"

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(struct span bytes, const char *alphabet, bool padded, struct buf *out)
{
    buf_reserve(out, bytes.len / 3 * 4 + 5);
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t group = (uint32_t)bytes.data[i] << 16;
        if (n > 1)
            group |= (uint32_t)bytes.data[i + 1] << 8;
        if (n > 2)
            group |= bytes.data[i + 2];
        for (size_t k = 0; k < 4; k++) {
            if (k <= n)
                buf_add_char(out, alphabet[group >> (18 - 6 * k) & 63]);
            else if (padded)
                buf_add_char(out, '=');
        }
    }
}

void base64_encode(struct span bytes, struct buf *out)
{
    encode(bytes, standard, true, out);
}

void base64url_encode(struct span bytes, struct buf *out)
{
    encode(bytes, url_safe, false, out);
}

static int digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(struct span text, struct buf *out)
{
    size_t start = out->len;
    if (text.len % 4)
        return false;
    for (size_t i = 0; i < text.len; i += 4) {
        bool last = i + 4 == text.len;
        size_t pads = last ? (text.data[i + 3] == '=') + (text.data[i + 2] == '=') : 0;
        if (pads == 2 && text.data[i + 3] != '=')
            goto refuse;
        uint32_t group = 0;
        for (size_t k = 0; k < 4; k++) {
            int v = k >= 4 - pads ? 0 : digit(text.data[i + k]);
            if (v < 0)
                goto refuse;
            group = group << 6 | (uint32_t)v;
        }
        if ((pads == 1 && group & 0xff) || (pads == 2 && group & 0xffff))
            goto refuse;
        for (size_t k = 0; k < 3 - pads; k++)
            buf_add_char(out, (char)(group >> (16 - 8 * k)));
    }
    return true;
refuse:
    out->len = start;
    if (out->data)
        out->data[start] = 0;
    return false;
}
