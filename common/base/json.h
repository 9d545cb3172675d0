#ifndef BASE_JSON_H
#define BASE_JSON_H
/*
 * json - strict JSON (RFC 8259) over raw bytes: check it, walk it, write it.
 *
 * Nothing here builds a tree and nothing rewrites what it was given: a payload
 * is checked in place and stored as the bytes received. For documents that the
 * program has to understand, base/json_tree.h builds a tree from checked text.
 *
 * The check refuses what lenient parsers let through: nesting beyond a limit,
 * invalid UTF-8 (overlong forms and surrogates too), raw control characters, a
 * byte order mark, and anything after the value. In text of ours it also refuses
 * what RFC 8259 allows and readers take in different ways: duplicate member
 * names (compared after unescaping), unpaired \u surrogates, and NUL by escape.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

#define JSON_DEPTH_DEFAULT 64 /* arrays and objects open at once */
#define JSON_DEPTH_MAX 1024   /* a larger limit counts as this one */

enum json_type {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

struct json_fault {
    size_t offset;    /* of the byte at which the text stops being acceptable */
    const char *what; /* a static sentence part, e.g. "the member name appears twice" */
};

/*
 * Which parts of a text are a sender's own affair, so that RFC 8259 alone judges them. An
 * envelope of ours often has somebody else's payload as a member.
 */
struct json_rules {
    struct json_foreign {
        unsigned depth;     /* containers round the value; 0: it is the whole text */
        const char *member; /* the value's name; NULL: members of any name */
    } foreign[2];
    size_t count; /* of foreign; 0: all of the text is ours */
};

extern const struct json_rules json_foreign; /* nothing of the text is ours */

/* Is the text one JSON value and nothing else? If not, *ret_fault says where and why. */
bool json_check_by(struct span text, unsigned max_depth, const struct json_rules *rules,
    struct json_fault *ret_fault);

/* The same where all of the text is ours. */
bool json_check(struct span text, unsigned max_depth, struct json_fault *ret_fault);

/* The text behind a byte order mark, which a reader may ignore (RFC 8259, section 8.1). */
struct span json_behind_mark(struct span text);

/*
 * Walking checked text, one level deep. Start with the text of an object or an array, white
 * space around it allowed, then call json_walk_next until that says false. Behaviour is
 * undefined for text that json_check did not pass.
 */
struct json_walk {
    const uint8_t *at, *end;
    bool object;
};

struct json_item {
    struct span name;    /* as written, without the quotes, still escaped; empty in arrays */
    struct span value;   /* as written, from its first to its last byte */
    enum json_type type; /* of the value */
};

struct json_walk json_walk_start(struct span text);
bool json_walk_next(struct json_walk *walk, struct json_item *ret_item);

/* The type of checked text. */
enum json_type json_type_of(struct span text);

/*
 * Finds a member of a checked object by name, escapes in the document's name understood. Of
 * several that have the name the last, as most readers of JSON have it.
 */
bool json_find(struct span object, const char *name, struct json_item *ret_item);

/*
 * Appends the characters of a checked string's value (quotes included in `value`), unescaped.
 * A foreign string may hold NUL, and unpaired surrogates, each of which becomes the three bytes
 * that UTF-8 would have for it if it were a character; so the result need not be UTF-8.
 */
void json_unescape(struct span value, struct buf *out);

/* The same as a text of its own: in place where nothing is escaped, else in the arena. */
struct span json_unescaped(struct span value, struct arena *arena);

/* Does the name, as written without its quotes, stand for this text? */
bool json_name_is(struct span name, const char *text);

/*
 * Merges by top-level name: appends to out one object with the members of `older` that
 * `newer` lacks, then those of `newer`. Both are checked objects, or empty spans, which
 * stand for {}. Values keep their bytes.
 */
void json_merge(struct span older, struct span newer, struct buf *out);

/*
 * Writing. Commas are put where they belong; nesting and names are the caller's to get
 * right. Bytes that are not UTF-8, and NUL, are written as U+FFFD.
 */
struct json_out {
    struct buf *buf; /* borrowed */
    bool comma;      /* the next item needs a comma before it */
};

struct json_out json_out_to(struct buf *buf);
void json_open(struct json_out *o, char bracket);  /* '{' or '[' */
void json_close(struct json_out *o, char bracket); /* '}' or ']' */
void json_key(struct json_out *o, const char *name);
void json_text(struct json_out *o, struct span text);
void json_str(struct json_out *o, const char *text); /* NULL writes null */
void json_int(struct json_out *o, int64_t v);
void json_bool(struct json_out *o, bool v);
void json_null(struct json_out *o);
void json_seconds(struct json_out *o, int64_t us); /* microseconds as seconds, three decimals */
void json_time(struct json_out *o, int64_t wall_ms);
void json_raw(struct json_out *o, struct span value); /* checked JSON, embedded as it is */

/* Name and value in one call. */
void json_put_text(struct json_out *o, const char *name, struct span text);
void json_put_str(struct json_out *o, const char *name, const char *text);
void json_put_int(struct json_out *o, const char *name, int64_t v);
void json_put_bool(struct json_out *o, const char *name, bool v);
void json_put_raw(struct json_out *o, const char *name, struct span value);

/* Appends the text as a JSON string, quotes included. */
void json_quote(struct buf *out, struct span text);

/* How many bytes json_quote writes for the text, without the quotes. */
size_t json_quoted_len(struct span text);

/* The longest end of the text, from a character on, that json_quote writes as `most` bytes. */
struct span json_quoted_end(struct span text, size_t most);

/* The same, but NUL and unpaired surrogates, as json_unescape gives them, are escaped again. */
void json_quote_foreign(struct buf *out, struct span text);

#endif
