#ifndef HOME_CONFIG_H
#define HOME_CONFIG_H
/*
 * config - fx.conf, the one file of settings of a home.
 *
 * Every setting stands once, in the list below, with its section, key, default,
 * bounds, and the sentence that `fxctl init` writes beside it. The unit is part of
 * the key's name, or bytes or a count as the sentence says. A text may go on in the
 * lines below its own where these are indented. A file may leave out any setting. A
 * wrong setting is refused with its line number: ignoring it in silence would be
 * worse.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define KIB(n) ((int64_t)(n) << 10)
#define MIB(n) ((int64_t)(n) << 20)
#define GIB(n) ((int64_t)(n) << 30)

#define CONFIG_WORD 16 /* bytes of a word and the NUL behind it */

/*
 * Bounds of [web] keep_headers and keep_query. What those name is kept with each event, so
 * neither may name what proves who sends: the values of keys, cookies and signatures.
 */
#define KEEP_NAMES_MAX 32 /* names that a list has */
#define KEEP_NAME_MAX 128 /* bytes of a name */
#define KEEP_HEADERS_NEVER \
    "authorization proxy-authorization cookie x-api-key x-hub-signature x-hub-signature-256 " \
    "x-gitea-signature x-forgejo-signature x-gitlab-token webhook-signature svix-signature " \
    "stripe-signature x-slack-signature x-shopify-hmac-sha256"
#define KEEP_QUERY_NEVER "key"

/*
 * SETTING(section, key, default, min, max, sentence): a whole number
 * SETTING_TEXT(section, key, default, bytes, sentence): text of at most so many bytes
 * SETTING_NAMES, likewise: a list of names (base/names.h)
 * SETTING_PATH, likewise: empty, or an absolute path
 * SETTING_PATHS, likewise: absolute paths with ":" between them
 * SETTING_URL, likewise: empty, or the absolute URL that a path can be put behind
 * SETTING_WORD(section, key, default, words, sentence): one of these words, "a|b|c"
 */
#define CONFIG_SETTINGS( \
    SETTING, SETTING_TEXT, SETTING_NAMES, SETTING_PATH, SETTING_PATHS, SETTING_URL, SETTING_WORD) \
    SETTING(web, threads, 32, 1, 256, "Requests a FastCGI process serves at the same time.") \
    SETTING(web, io_timeout_seconds, 10, 1, 600, \
        "How long one read or write on a connection from the web server may take.") \
    SETTING(web, least_bytes_per_second, 500, 0, MIB(1), \
        "What such a connection has to carry, on the average from io_timeout_seconds on, for as " \
        "long as a request arrives or a reply is taken; a slower one is ended. 0 sets no limit.") \
    SETTING(web, body_bytes, MIB(1), KIB(1), MIB(25), "Largest request body, in bytes.") \
    SETTING(web, reply_bytes, MIB(4), KIB(16), MIB(256), \
        "A page of a list ends with the row that takes it to so many bytes, and the logs of one " \
        "execution are cut to as many.") \
    SETTING(web, wait_seconds, 30, 0, 30, "Longest ?wait= a status request may ask for.") \
    SETTING(web, waits, 256, 1, 10000, \
        "Requests that may wait at the same time (?wait=). One more is given the place of one of " \
        "the address that has most of them (IPv6: of the /64), which is answered as things are.") \
    SETTING(web, failures_per_minute, 60, 0, 1000000, \
        "Deliveries without ?key= that no webhook secret fits, from one address (IPv6: one /64); " \
        "beyond that it gets 429 for such deliveries, and for nothing else. 0 sets no limit.") \
    SETTING(web, failures_burst, 100, 1, 1000000, "How many of them may come at once.") \
    SETTING_TEXT(web, proxies, "", 1023, \
        "Proxies before the web server, as addresses or networks; from these alone " \
        "X-Forwarded-For and X-Forwarded-Proto are believed.") \
    SETTING_NAMES(web, peers, "", 255, \
        "Accounts and groups that may connect to the FastCGI programs, with blanks between them: " \
        "the web server's, such as www-data. Always allowed are root, the programs' account and " \
        "group, and the account that listens on their socket.") \
    SETTING(web, keep_address, 1, 0, 1, \
        "1: the address that an event came from is kept with it, and shown. 0: it is not.") \
    SETTING_NAMES(web, keep_headers, "", 1023, \
        "Headers of a request that are kept with its event and given to steps, such as " \
        "X-GitHub-Event User-Agent; with blanks between them. Keys, cookies and signatures are " \
        "never kept.") \
    SETTING_NAMES(web, keep_query, "", 1023, \
        "Members of a request's query that are kept likewise, such as tenant page.") \
    SETTING_URL(web, public_url, "", 1023, \
        "Where people reach this gateway, as in https://fx.example.org or " \
        "https://example.org/bridge. What tells of an execution then has a link to it, replies " \
        "name their URLs by it, and its path may stand in front of all others.") \
    SETTING(events, batch, 1000, 1, 100000, "Events in one CloudEvents batch.") \
    SETTING(events, repeat_hours, 24, 1, 8760, \
        "How long a repeat of a request is recognized and gets the first answer.") \
    SETTING(events, failures, 1, 0, 1, \
        "1: an execution that fails for good is told of by an event, fx.execution.failed, which " \
        "pipelines can listen to. 0: it is not.") \
    SETTING(store, map_bytes, MIB(256), MIB(16), GIB(1024), \
        "Address space mapped for the database at first, in bytes; it grows by itself.") \
    SETTING(store, map_max_bytes, GIB(64), MIB(16), GIB(16384), \
        "The database never grows beyond this many bytes.") \
    SETTING(store, accept_percent, 90, 10, 99, \
        "Events are refused (503) once the database is this full; work in progress goes on.") \
    SETTING(store, disk_reserve_bytes, MIB(64), 0, GIB(1024), \
        "Events are refused (503) when less than this is free on the disk, in bytes.") \
    SETTING(store, network_filesystem, 0, 0, 1, \
        "1 opens a database on a network file system in spite of the danger of losing it.") \
    SETTING(dispatcher, instances, 16, 1, 1024, \
        "Runner processes at the same time, over all pipelines.") \
    SETTING(dispatcher, turn_events, 1000, 1, 100000, "Events routed in one transaction.") \
    SETTING(dispatcher, look_seconds, 5, 1, 60, \
        "How often an idle dispatcher looks at the store without being woken, and shows it " \
        "lives.") \
    SETTING(dispatcher, drain_seconds, 30, 0, 3600, \
        "How long running executions may go on after the dispatcher is told to stop.") \
    SETTING(dispatcher, on_demand, 0, 0, 1, "1: a program that finds no dispatcher starts one.") \
    SETTING(dispatcher, leave_seconds, 0, 0, 86400, \
        "A dispatcher started on demand leaves after so long with nothing to do; 0: it stays.") \
    SETTING_PATH(dispatcher, programs, "", 1023, \
        "The folder of fx-dispatcher, fx-runner and fx-http, where they are not beside the " \
        "program that starts them, nor in a bin or libexec next to it.") \
    SETTING(dispatcher, tick_late_seconds, 90, 1, 86400, \
        "A schedule's tick that nobody was there to take is taken up to so long afterwards, the " \
        "latest alone; older ones are missed. 90 is enough for a dispatcher that cron starts " \
        "every minute.") \
    SETTING(dispatcher, late_seconds, 300, 0, 31536000, \
        "Health is bad while an event or an execution that could run has waited for longer; 0: " \
        "however long it waits.") \
    SETTING( \
        dispatcher, losses, 20, 1, 1000, "An execution whose runner died this often is failed.") \
    SETTING(step, timeout_seconds, 300, 1, 86400, "A step's time where its pipeline names none.") \
    SETTING( \
        step, grace_seconds, 5, 0, 600, "Between the polite signal (TERM) and the last (KILL).") \
    SETTING(step, leftover_ms, 500, 0, 60000, \
        "How long what a script has left running when it ends may go on to write, until the " \
        "script's pipes are at their end, in milliseconds; then it gets TERM, and KILL 100 ms " \
        "later.") \
    SETTING(step, log_bytes, KIB(64), KIB(1), MIB(1), \
        "The end of a step's output that is kept, in bytes.") \
    SETTING(step, data_bytes, KIB(256), KIB(1), MIB(8), \
        "What the steps of one execution may save together, in bytes.") \
    SETTING(step, line_bytes, MIB(1), KIB(1), MIB(8), \
        "The longest line a step may write on descriptor 3, in bytes.") \
    SETTING(step, response_bytes, KIB(64), 0, MIB(1), \
        "The beginning of the reply to an HTTP step that is kept, in bytes.") \
    SETTING(step, emits, 100, 0, 10000, "Events one execution may emit.") \
    SETTING(step, depth, 16, 1, 1000, \
        "How many times events may follow from each other before a loop is assumed.") \
    SETTING(step, cid_events, 10000, 1, 10000000, \
        "Events that may follow from one accepted event, all branches together, before a loop " \
        "is assumed.") \
    SETTING( \
        step, cpu_seconds, 0, 0, 86400, "Processor time of a step's process; 0 sets no limit.") \
    SETTING(step, memory_bytes, GIB(4), 0, GIB(1024), \
        "Writable memory of a step's process, in bytes; 0 sets no limit.") \
    SETTING(step, file_bytes, GIB(1), 0, GIB(16384), \
        "The largest file a step's process may write, in bytes; 0 sets no limit.") \
    SETTING(step, work_bytes, GIB(1), 0, GIB(16384), \
        "What a script's work directory may hold, in bytes. It is looked at every second, and a " \
        "script that has put more there is killed; 0 sets no limit.") \
    SETTING(step, files, 1024, 16, 1048576, "Files a step's process may have open.") \
    SETTING(step, processes, 0, 0, 1048576, \
        "Processes of the account while a step runs; 0 sets no limit.") \
    SETTING_NAMES(step, env_allow, "APP_*", 1023, \
        "Variables that a pipeline's options.env may set, with blanks between them; a final * " \
        "stands for any ending. Many programs run what a variable says: open no name that " \
        "yours do not need.") \
    SETTING_WORD(step, confine, "auto", "auto|require|off", \
        "auto: a script reaches nothing of the home but scripts/ and a work directory of its " \
        "own, and no process but its own, as far as this system can see to that. require: a " \
        "step fails where something of this is missing. off: a script reaches what its account " \
        "does.") \
    SETTING_NAMES(step, unconfined, "", 1023, \
        "Scripts that are not confined, such as one that makes backups of the home; with blanks " \
        "between them. They run under the dispatcher's account, whatever user says.") \
    SETTING_TEXT(step, user, "", 63, \
        "The account that scripts run under, one that owns nothing; it needs a way to scripts/ " \
        "and run/, as a member of the home's group has. Empty: the dispatcher's. Only a " \
        "dispatcher that runs as root, or with root's rights to become another, can do this.") \
    SETTING_PATH(step, home, "", 1023, \
        "HOME of scripts. Empty: that of the account they run under, or their work directory " \
        "where " \
        "the account has none, or has this home of FX Bridge for it.") \
    SETTING_PATHS(step, path, "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", \
        1023, "PATH of scripts: directories with : between them.") \
    SETTING(retention, payload_days, 0, 0, 36500, \
        "How long the payload of an event is kept, and what is kept of its request, in days; 0: " \
        "for ever. What waits or runs is never taken away, here and below.") \
    SETTING(retention, log_days, 0, 0, 36500, \
        "How long what the steps of an execution have saved and written is kept, in days from " \
        "its event on; 0: for ever.") \
    SETTING(retention, row_days, 0, 0, 36500, \
        "How long events and executions are listed at all, in days; 0: for ever.") \
    SETTING_WORD(log, to, "stderr", "stderr|file|syslog", \
        "Where programs log to. stderr: standard error, which a web server or a service manager " \
        "collects, or a file where that is /dev/null; file: a file of each in log/; syslog: the " \
        "system's log.") \
    SETTING_WORD(log, level, "info", "error|warning|info", \
        "What is logged: errors alone, warnings as well, or all.") \
    SETTING_WORD(log, format, "text", "text|json", \
        "text: lines for people. json: each is an object with time, program, pid, level, id (of " \
        "the request or execution) and message; the system's log stays text.") \
    SETTING(log, file_bytes, MIB(8), KIB(64), GIB(4), \
        "How large a file in log/ grows, in bytes; a full one is renamed to NAME.log.1.") \
    SETTING(log, files, 4, 1, 99, "How many of those are kept; the oldest goes.") \
    SETTING(http, connect_seconds, 10, 1, 600, \
        "How long an HTTP step may take to find its server and to connect to it.") \
    SETTING_TEXT(http, allow, "", 1023, \
        "Networks that HTTP steps may reach although they are not public, as in 10.0.0.0/8, " \
        "fd00::/8.")

struct config {
#define SETTING(section, key, value, min, max, sentence) int64_t section##_##key;
#define SETTING_TEXT(section, key, value, bytes, sentence) char section##_##key[(bytes) + 1];
#define SETTING_NAMES SETTING_TEXT
#define SETTING_PATH SETTING_TEXT
#define SETTING_PATHS SETTING_TEXT
#define SETTING_URL SETTING_TEXT
#define SETTING_WORD(section, key, value, words, sentence) char section##_##key[CONFIG_WORD];
    CONFIG_SETTINGS(SETTING, SETTING_TEXT, SETTING_NAMES, SETTING_PATH, SETTING_PATHS, SETTING_URL,
        SETTING_WORD)
#undef SETTING
#undef SETTING_TEXT
#undef SETTING_NAMES
#undef SETTING_PATH
#undef SETTING_PATHS
#undef SETTING_URL
#undef SETTING_WORD
};

/* Every setting at its default. */
void config_defaults(struct config *config);

/*
 * Reads the file over the defaults. ERR_NOTFOUND when there is no file (the
 * defaults stand); ERR_INVALID when the file cannot be read or a line is wrong:
 * ret_why then says which line, what is wrong and what would be right.
 */
enum err config_read(const char *path, struct config *config, struct buf *ret_why) MUST_CHECK;

/* The number of the first wrong line, 0 where none is; the line that sets a setting, likewise. */
int config_wrong_line(const char *path);
int config_line_of(const char *path, const char *section, const char *key);

struct config_setting;

/* Is the text one that the setting may have? If not, says in ret_why what would be right. */
typedef bool config_check(const struct config_setting *s, const char *text, struct buf *ret_why);

/* What is known of one setting. */
struct config_setting {
    const char *section, *key;
    const char *text; /* default of a text, which has max bytes at most; NULL: a number */
    int64_t value, min, max;
    size_t offset; /* in struct config */
    const char *sentence;
    config_check *check; /* NULL: a text may be any */
    const char *words;   /* those that a text may be, "a|b|c"; NULL: it is no word */
};

/* The settings in the order of fx.conf; NULL behind the last. */
const struct config_setting *config_setting(size_t i);

/* The complete file with its comments, all settings at their defaults, commented out. */
void config_write_defaults(struct buf *out);

#endif
