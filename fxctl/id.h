#ifndef FXCTL_ID_H
#define FXCTL_ID_H
/*
 * id - which execution or event the ids that people type stand for.
 *
 * An id may be typed whole, or as its end: eight digits or more, as they are read off a list. An
 * end is looked for among the newest ID_NEWEST and has to fit one alone.
 */
#include "base/id.h"
#include "fxctl/fxctl.h"

#define ID_NEWEST 10000 /* ids that an end is looked for among */
#define ID_END_MIN 8    /* digits of an end */
#define ID_SHOWN_MAX 10 /* ids that are named where an end fits several */

enum id_kind { ID_EXECUTION, ID_CID, ID_KIND__MAX };

/*
 * Opens the home with its store, where they are not open yet, and finds the id that the first
 * operand stands for. EXIT_DONE, or the status to leave with after saying why: the word is no id
 * or end of one (before anything is opened), there is none, an end fits several, or the id is
 * that of another thing, with the command that shows that.
 */
int id_open(struct fxctl *ctl, enum id_kind kind, enum store_mode mode, struct uuid *ret_id);

/* Is the word the end of this id, or all of it? */
bool id_ends_in(const struct uuid *id, const char *word);

/* Appends what the word is the id of, with the command that shows that; nothing for no such id. */
void id_add_kind(struct store_txn *txn, const char *word, struct buf *out);

#endif
