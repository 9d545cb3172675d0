#ifndef MODEL_LIMITS_H
#define MODEL_LIMITS_H
/*
 * limits - the sizes of names and lists that belong to the contract and are
 * therefore no settings. Sizes that an operator may change are in home/config.h.
 */

#define TOPIC_MAX 249             /* [A-Za-z0-9._:/-]{1,249} */
#define EVENT_TYPE_MAX 249        /* a type is also the default topic */
#define EVENT_SOURCE_MAX 2048     /* a URI reference */
#define EVENT_ATTRIBUTES_MAX 64   /* of a CloudEvent in headers, extensions among them */
#define EVENT_KEPT_VALUE_MAX 4096 /* bytes of a header or query member kept with an event */
#define EVENT_KEPT_MAX 8192  /* bytes of JSON that all headers of an event take, or all members */
#define PIPELINE_ID_MAX 64   /* [A-Za-z0-9][A-Za-z0-9._-]{0,63} */
#define PIPELINE_NAME_MAX 64 /* characters that show (base/unicode.h), no blank at an end */
#define PIPELINE_NAME_BYTES (PIPELINE_NAME_MAX * 4)
#define STEP_NAME_MAX 64    /* [A-Za-z0-9][A-Za-z0-9._-]{0,63} */
#define SCRIPT_NAME_MAX 128 /* [A-Za-z0-9_][A-Za-z0-9._-]{0,127}, no path */
#define STEPS_MAX 100       /* steps of a pipeline */
#define ENV_MAX 100         /* variables of a pipeline */
#define ENV_VALUE_MAX 8192
#define STEP_HEADERS_MAX 100 /* headers of an HTTP step */
#define STEP_HEADER_VALUE_MAX 8192
#define SECRET_MAX 1024         /* bytes of what an HTTP step signs with */
#define SECRET_PLACES_MAX 1024  /* places of a definition where a step secret stands */
#define STEP_SECRET_NAME_MAX 64 /* [A-Za-z0-9][A-Za-z0-9._-]{0,63} */
#define STEP_SECRET_MAX 8192 /* bytes of a step secret, as of the longest text it may stand for */
#define CREDENTIAL_NAME_MAX 100
#define RETRY_LIMIT_MAX 100
#define SCALE_MAX 256
#define SECONDS_MAX 86400 /* of timeouts and delays */

#endif
