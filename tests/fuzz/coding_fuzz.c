/*
 * coding_fuzz - a compressed body: the first byte chooses the coding and the bound. Decoded within
 * the bound, or refused with a reason; and a header's value, of any bytes.
 */
#include "tests/fuzz/fuzz.h"

#include "base/coding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf bytes = BUF_INIT;
    const char *why = NULL;
    if (!size)
        return 0;
    enum coding coding = data[0] & 1 ? CODING_GZIP : CODING_DEFLATE;
    size_t most = (size_t)data[0] << (data[0] & 8 ? 8 : 0);
    enum err err = coding_decode(coding, span_of(data + 1, size - 1), most, &bytes, &why);
    require(err == ERR_OK || err == ERR_FULL || (err == ERR_INVALID && why));
    require(bytes.len <= most + 1 && (err == ERR_FULL) == (bytes.len > most));
    require(coding_read(span_of(data, size)) <= CODING_UNKNOWN);
    buf_done(&bytes);
    return 0;
}
