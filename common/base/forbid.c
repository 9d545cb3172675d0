/* forbid - see forbid.h. */
#include "base/forbid.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#define INSTRUCTIONS 128
#define NONE UINT32_MAX /* a call that a machine lacks */
#define X32 0x40000000u /* calls of a second kind, which no program of Debian makes */

/* The numbers of the calls, by the kind of program that makes them. */
struct machine {
    uint32_t arch, clone, clone3, unshare, execve, execveat, fork, vfork, prlimit64;
};

#ifndef SYS_fork
#define SYS_fork NONE
#endif
#ifndef SYS_vfork
#define SYS_vfork NONE
#endif

#define NATIVE(arch) \
    { \
        arch, SYS_clone, SYS_clone3, SYS_unshare, SYS_execve, SYS_execveat, SYS_fork, SYS_vfork, \
            SYS_prlimit64 \
    }

/* A 64-bit kernel may run programs for 32 bits too. */
static const struct machine machines[] = {
#if defined(__x86_64__)
    NATIVE(AUDIT_ARCH_X86_64),
    {AUDIT_ARCH_I386, 120, 435, 310, 11, 358, 2, 190, 340},
#elif defined(__aarch64__)
    NATIVE(AUDIT_ARCH_AARCH64),
    {AUDIT_ARCH_ARM, 120, 435, 337, 11, 387, 2, 190, 369},
#elif defined(__i386__)
    NATIVE(AUDIT_ARCH_I386),
#elif defined(__arm__)
    NATIVE(AUDIT_ARCH_ARM),
#elif defined(__riscv) && __riscv_xlen == 64
    NATIVE(AUDIT_ARCH_RISCV64),
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    NATIVE(AUDIT_ARCH_PPC64LE),
#endif
};

#define MACHINES (sizeof machines / sizeof machines[0])

struct program {
    struct sock_filter code[INSTRUCTIONS];
    unsigned short len;
};

static void add(struct program *p, uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false)
{
    p->code[p->len++] = (struct sock_filter){code, if_true, if_false, k};
}

static void add_load(struct program *p, size_t offset)
{
    add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void add_load_number(struct program *p)
{
    add_load(p, offsetof(struct seccomp_data, nr));
}

static void add_return(struct program *p, uint32_t what)
{
    add(p, BPF_RET | BPF_K, what, 0, 0);
}

/* The number of the call is loaded, before and after this. */
static void add_refusal(struct program *p, uint32_t number, int error)
{
    if (number == NONE)
        return;
    add(p, BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
    add_return(p, SECCOMP_RET_ERRNO | (uint32_t)error);
}

/* Refuses a call by its first argument: where this flag is set, or where it is not. */
static void add_refusal_by_flag(struct program *p, uint32_t number, uint32_t flag, bool set)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3);
    add_load(p, offsetof(struct seccomp_data, args[0])); /* all of these are little-endian */
    add(p, BPF_JMP | BPF_JSET | BPF_K, flag, !set, set);
    add_return(p, SECCOMP_RET_ERRNO | EPERM);
    add_load_number(p);
}

/* The C library goes back to clone, whose flags can be seen, where there is no clone3. */
static void add_refusals(struct program *p, const struct machine *m, unsigned what)
{
    add_load_number(p);
    add_refusal(p, m->clone3, ENOSYS);
    if (what & FORBID_USER_NAMESPACES) {
        add_refusal_by_flag(p, m->clone, CLONE_NEWUSER, true);
        add_refusal_by_flag(p, m->unshare, CLONE_NEWUSER, true);
    }
    if (what & FORBID_LIMITS_OF_OTHERS)
        add_refusal_by_flag(p, m->prlimit64, UINT32_MAX, true); /* which process; 0: itself */
    if (what & FORBID_PROGRAMS) {
        add_refusal_by_flag(p, m->clone, CLONE_VM, false);
        add_refusal(p, m->fork, EPERM);
        add_refusal(p, m->vfork, EPERM);
        add_refusal(p, m->execve, EPERM);
        add_refusal(p, m->execveat, EPERM);
    }
}

static void add_machine(struct program *p, const struct machine *m, unsigned what)
{
    add_load(p, offsetof(struct seccomp_data, arch));
    unsigned short at = p->len;
    add(p, BPF_JMP | BPF_JEQ | BPF_K, m->arch, 0, 0);
    if (m->arch == AUDIT_ARCH_X86_64) {
        add_load_number(p);
        add(p, BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1);
        add_return(p, SECCOMP_RET_ERRNO | ENOSYS);
    }
    add_refusals(p, m, what);
    add_return(p, SECCOMP_RET_ALLOW);
    p->code[at].jf = (uint8_t)(p->len - at - 1);
}

bool forbid(unsigned what)
{
    struct program p = {.len = 0};
    for (size_t i = 0; i < MACHINES; i++)
        add_machine(&p, &machines[i], what);
    add_return(&p, SECCOMP_RET_ERRNO | ENOSYS);
    struct sock_fprog filter = {.len = p.len, .filter = p.code};
    if (!MACHINES) {
        errno = ENOSYS;
        return false;
    }
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

bool forbid_is_possible(void)
{
    return MACHINES && prctl(PR_GET_SECCOMP) >= 0;
}
