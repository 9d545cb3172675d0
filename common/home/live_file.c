/* live_file - see live_file.h. */
#include "home/live_file.h"

#include <stdio.h>
#include <string.h>

#include "base/pack.h"

/* A record is bytes, with their length before them: what kind it is, and the kind's fields. */

void live_file_path(const struct home *home, const struct uuid *execution, char ret_path[PATH_MAX])
{
    char id[UUID_TEXT], name[sizeof LIVE_FILE_DIR + UUID_TEXT];
    uuid_format(execution, id);
    snprintf(name, sizeof name, "%s/%s", LIVE_FILE_DIR, id);
    home_path(home, name, ret_path);
}

static void put(struct buf *out, struct buf *record)
{
    pack_bytes(out, buf_span(record));
    buf_done(record);
}

void live_file_put_attempt(struct buf *out, uint32_t attempt)
{
    struct buf record = BUF_INIT;
    pack_u8(&record, LIVE_ATTEMPT);
    pack_u32(&record, attempt);
    put(out, &record);
}

void live_file_put_step(struct buf *out, const struct live_step *step)
{
    struct buf record = BUF_INIT;
    pack_u8(&record, LIVE_STEP);
    pack_u16(&record, step->step);
    pack_u8(&record, step->status);
    pack_i64(&record, step->started_ms);
    pack_i64(&record, step->duration_us);
    pack_u32(&record, (uint32_t)step->exit_code);
    pack_bytes(&record, step->name);
    put(out, &record);
}

void live_file_put_piece(struct buf *out, const struct live_piece *piece)
{
    struct buf record = BUF_INIT;
    pack_u8(&record, LIVE_PIECE);
    pack_u16(&record, piece->step);
    pack_u64(&record, piece->from);
    pack_bytes(&record, piece->bytes);
    put(out, &record);
}

static void take_step(struct unpack *u, struct live_step *step)
{
    step->step = unpack_u16(u);
    step->status = unpack_u8(u);
    step->started_ms = unpack_i64(u);
    step->duration_us = unpack_i64(u);
    step->exit_code = (int32_t)unpack_u32(u);
    step->name = unpack_bytes(u);
}

static void take_piece(struct unpack *u, struct live_piece *piece)
{
    piece->step = unpack_u16(u);
    piece->from = unpack_u64(u);
    piece->bytes = unpack_bytes(u);
}

enum live_kind live_file_next(struct span *rest, struct live_record *ret_record)
{
    struct unpack file = unpack_from(*rest);
    struct unpack u = unpack_from(unpack_bytes(&file));
    uint8_t kind = file.bad ? LIVE_END : unpack_u8(&u);
    *ret_record = (struct live_record){.kind = kind};
    if (kind == LIVE_ATTEMPT)
        ret_record->attempt = unpack_u32(&u);
    else if (kind == LIVE_STEP)
        take_step(&u, &ret_record->step);
    else if (kind == LIVE_PIECE)
        take_piece(&u, &ret_record->piece);
    if (kind > LIVE_PIECE || !unpack_done(&u))
        ret_record->kind = LIVE_END;
    *rest = file.rest;
    return ret_record->kind;
}
