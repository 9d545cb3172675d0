/*
 * coding_fuzz - a line with the value of Content-Encoding, then the bytes of a body. What is
 * decoded stays within the bound; what is refused has a reason.
 */
#include "tests/fuzz/fuzz.h"

#include "base/coding.h"

#define MOST 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span body = span_of(data, size), header = cut(&body, '\n');
    enum coding coding = coding_read(header);
    struct buf bytes = BUF_INIT;
    const char *why = NULL;
    if (coding == CODING_GZIP || coding == CODING_DEFLATE) {
        enum err err = coding_decode(coding, body, MOST, &bytes, &why);
        require(err == ERR_OK || err == ERR_FULL || (err == ERR_INVALID && why));
        require(err || bytes.len <= MOST);
        touch(buf_span(&bytes));
    }
    buf_done(&bytes);
    return 0;
}
