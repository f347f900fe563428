// A QEMU TCG plugin that counts the instructions that the guest executes, by function.
//
// A translated block adds its size to its functions' counters each time it runs: exact and repeatable but for the few
// blocks that a fault or a signal leaves half-way. The additions are not atomic: the guest must run one thread.
//
// At the end it logs one line per function, "COUNT NAME". Code without a symbol counts as "?".
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

// Generated code holds the address of `count`: a function stays where it is.
struct function {
    struct function *next;
    uint64_t count;
    char name[];
};

enum { BUCKETS = 4096 };
static struct function *buckets[BUCKETS];

static struct function *function_named(const char *name) {
    unsigned hash = 5381;
    for (const char *c = name; *c; c++) hash = hash * 33 + (unsigned char)*c;
    struct function **bucket = &buckets[hash % BUCKETS];
    for (struct function *f = *bucket; f; f = f->next)
        if (strcmp(f->name, name) == 0) return f;
    size_t length = strlen(name) + 1;
    struct function *f = malloc(sizeof *f + length);
    if (!f) abort();
    f->count = 0;
    f->next = *bucket;
    memcpy(f->name, name, length);
    return *bucket = f;
}

static struct function *function_of(const struct qemu_plugin_insn *instruction) {
    const char *name = qemu_plugin_insn_symbol(instruction);
    return function_named(name && *name ? name : "?");
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
    (void)id;
    size_t count = qemu_plugin_tb_n_insns(block), first = 0;
    while (first < count) {
        struct function *f = function_of(qemu_plugin_tb_get_insn(block, first));
        size_t end = first + 1;
        while (end < count && function_of(qemu_plugin_tb_get_insn(block, end)) == f) end++;
        qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &f->count, end - first);
        first = end;
    }
}

static void at_exit(qemu_plugin_id_t id, void *context) {
    (void)id, (void)context;
    for (int i = 0; i < BUCKETS; i++) {
        for (struct function *f = buckets[i]; f; f = f->next) {
            char count[24];
            snprintf(count, sizeof count, "%" PRIu64 " ", f->count);
            qemu_plugin_outs(count);
            qemu_plugin_outs(f->name);
            qemu_plugin_outs("\n");
        }
    }
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv) {
    (void)info, (void)argc, (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
