#ifndef WEB_CONTENT_H
#define WEB_CONTENT_H
/*
 * content - the headers that say what the bytes of a body stand for: each is honoured, or refused
 * by its name. Content-Type is for whoever reads the body (web/body.h).
 *
 *   Content-Encoding            gzip and deflate are decoded (base/coding.h)
 *   Content-Range               refused: half a body is none (RFC 9110, section 14.5)
 *   Content-Transfer-Encoding   refused, but for the values that change nothing; it is of mail
 */
#include "web/request.h"

/*
 * Are the headers of the body known here? False when the request was answered: 415 or 400.
 * A request without a body may say of it what it likes.
 */
bool content_is_known(struct request *request);

/* Decodes the body. False when the request was answered: 413 or 400. */
bool content_decode(struct request *request);

#endif
