#define _GNU_SOURCE
#include "cjpeg_memory.h"

#include <jerror.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

// libjpeg works with the manager through these functions only. Two pools grow towards each other in one mapping, whose
// pages cost memory from their first use on: what lives as long as the decoder from the front, an image's from the back.
// An image's pool is emptied at once. Of its pages, those of an ordinary image stay for the next one.

typedef struct {
    struct jpeg_memory_mgr manager;
    /// libjpeg's own, which contains what jpeg_create_decompress made.
    struct jpeg_memory_mgr *first;
    uint8_t *base;
    size_t size;
    size_t front, back;
    /// What the image may take.
    size_t limit;
    /// Tables that no image uses: libjpeg asks for one where an image defines it, and never gives one back.
    union spare *quantisation, *huffman;
    /// Virtual arrays that were asked for and have no memory yet.
    struct jvirt_sarray_control *samples;
    struct jvirt_barray_control *blocks;
} cjpeg_memory;

union spare {
    union spare *next;
    JQUANT_TBL quantisation;
    JHUFF_TBL huffman;
};

// Arrays whose rows libjpeg asks for a few at a time. Here they always lie in memory whole.
struct jvirt_sarray_control {
    JSAMPARRAY rows;
    JDIMENSION height, width;
    boolean zeroed;
    struct jvirt_sarray_control *next;
};

struct jvirt_barray_control {
    JBLOCKARRAY rows;
    JDIMENSION height, width;
    boolean zeroed;
    struct jvirt_barray_control *next;
};

// A cache line; libjpeg's SIMD requires rows of samples at multiples of 32 bytes.
enum { ALIGNMENT = 64, PAGE = 4096 };
// A progressive image of 640x480 4:2:0 takes less.
enum { KEPT = 1 << 20 };

static cjpeg_memory *memory_of(j_common_ptr jpeg) { return (cjpeg_memory *)jpeg->mem; }

static void *take_spare(union spare **list) {
    union spare *table = *list;
    if (table) *list = table->next;
    return table;
}

static void put_spare(union spare **list, void *unused) {
    union spare *table = unused;
    if (!table) return;
    table->next = *list;
    *list = table;
}

static void *take(j_common_ptr jpeg, int pool, size_t count) {
    cjpeg_memory *memory = memory_of(jpeg);
    const size_t needed = (count + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (needed < count || needed > memory->back - memory->front) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
    if (pool == JPOOL_PERMANENT) {
        void *table = NULL;
        if (count == sizeof(JQUANT_TBL)) table = take_spare(&memory->quantisation);
        if (count == sizeof(JHUFF_TBL)) table = take_spare(&memory->huffman);
        if (table) return table;
        memory->front += needed;
        return memory->base + memory->front - needed;
    }
    if (needed > memory->limit - (memory->size - memory->back)) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
    memory->back -= needed;
    return memory->base + memory->back;
}

static size_t product(j_common_ptr jpeg, size_t a, size_t b) {
    size_t result;
    if (__builtin_mul_overflow(a, b, &result)) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
    return result;
}

static JSAMPARRAY take_samples(j_common_ptr jpeg, int pool, JDIMENSION width, JDIMENSION rows) {
    // The upsampling of libjpeg-turbo reads and writes past a row's end, up to a whole vector.
    const size_t stride = product(jpeg, ((size_t)width + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, sizeof(JSAMPLE));
    JSAMPARRAY array = take(jpeg, pool, product(jpeg, rows, sizeof *array));
    JSAMPROW samples = take(jpeg, pool, product(jpeg, rows, stride));
    for (JDIMENSION i = 0; i < rows; i++) array[i] = samples + i * stride;
    return array;
}

static JBLOCKARRAY take_blocks(j_common_ptr jpeg, int pool, JDIMENSION width, JDIMENSION rows) {
    JBLOCKARRAY array = take(jpeg, pool, product(jpeg, rows, sizeof *array));
    JBLOCKROW blocks = take(jpeg, pool, product(jpeg, product(jpeg, rows, width), sizeof(JBLOCK)));
    for (JDIMENSION i = 0; i < rows; i++) array[i] = blocks + (size_t)i * width;
    return array;
}

static jvirt_sarray_ptr request_samples(
    j_common_ptr jpeg, int pool, boolean zeroed, JDIMENSION width, JDIMENSION rows, JDIMENSION accessed) {
    (void)accessed;
    struct jvirt_sarray_control *array = take(jpeg, pool, sizeof *array);
    *array = (struct jvirt_sarray_control){NULL, rows, width, zeroed, memory_of(jpeg)->samples};
    memory_of(jpeg)->samples = array;
    return array;
}

static jvirt_barray_ptr request_blocks(
    j_common_ptr jpeg, int pool, boolean zeroed, JDIMENSION width, JDIMENSION rows, JDIMENSION accessed) {
    (void)accessed;
    struct jvirt_barray_control *array = take(jpeg, pool, sizeof *array);
    *array = (struct jvirt_barray_control){NULL, rows, width, zeroed, memory_of(jpeg)->blocks};
    memory_of(jpeg)->blocks = array;
    return array;
}

static void realize(j_common_ptr jpeg) {
    cjpeg_memory *memory = memory_of(jpeg);
    for (; memory->samples; memory->samples = memory->samples->next) {
        struct jvirt_sarray_control *array = memory->samples;
        array->rows = take_samples(jpeg, JPOOL_IMAGE, array->width, array->height);
        if (!array->zeroed) continue;
        for (JDIMENSION i = 0; i < array->height; i++) memset(array->rows[i], 0, array->width);
    }
    for (; memory->blocks; memory->blocks = memory->blocks->next) {
        struct jvirt_barray_control *array = memory->blocks;
        array->rows = take_blocks(jpeg, JPOOL_IMAGE, array->width, array->height);
        if (!array->zeroed) continue;
        for (JDIMENSION i = 0; i < array->height; i++) memset(array->rows[i], 0, array->width * sizeof(JBLOCK));
    }
}

static JSAMPARRAY access_samples(
    j_common_ptr jpeg, jvirt_sarray_ptr array, JDIMENSION first, JDIMENSION count, boolean writable) {
    (void)writable;
    if (!array->rows || first > array->height || count > array->height - first) ERREXIT(jpeg, JERR_BAD_VIRTUAL_ACCESS);
    return array->rows + first;
}

static JBLOCKARRAY access_blocks(
    j_common_ptr jpeg, jvirt_barray_ptr array, JDIMENSION first, JDIMENSION count, boolean writable) {
    (void)writable;
    if (!array->rows || first > array->height || count > array->height - first) ERREXIT(jpeg, JERR_BAD_VIRTUAL_ACCESS);
    return array->rows + first;
}

static void free_pool(j_common_ptr jpeg, int pool) {
    cjpeg_memory *memory = memory_of(jpeg);
    if (pool != JPOOL_IMAGE) return;
    const size_t kept = memory->size < KEPT ? 0 : memory->size - KEPT;
    const size_t first = (memory->back + PAGE - 1) / PAGE * PAGE;
    if (first < kept) madvise(memory->base + first, kept - first, MADV_DONTNEED);
    memory->back = memory->size;
    memory->limit = memory->size;
    memory->samples = NULL;
    memory->blocks = NULL;
}

static void destroy(j_common_ptr jpeg) {
    cjpeg_memory *memory = memory_of(jpeg);
    jpeg->mem = memory->first;
    munmap(memory->base, memory->size);
    jpeg->mem->self_destruct(jpeg);
}

void cjpeg_memory_allow(j_decompress_ptr jpeg, size_t limit) {
    cjpeg_memory *memory = memory_of((j_common_ptr)jpeg);
    const size_t taken = memory->size - memory->back;
    memory->limit = limit > memory->size ? memory->size : limit > taken ? limit : taken;
}

void cjpeg_memory_forget_tables(j_decompress_ptr jpeg) {
    cjpeg_memory *memory = memory_of((j_common_ptr)jpeg);
    for (int slot = 0; slot < NUM_QUANT_TBLS; slot++) {
        put_spare(&memory->quantisation, jpeg->quant_tbl_ptrs[slot]);
        jpeg->quant_tbl_ptrs[slot] = NULL;
    }
    for (int slot = 0; slot < NUM_HUFF_TBLS; slot++) {
        put_spare(&memory->huffman, jpeg->dc_huff_tbl_ptrs[slot]);
        put_spare(&memory->huffman, jpeg->ac_huff_tbl_ptrs[slot]);
        jpeg->dc_huff_tbl_ptrs[slot] = jpeg->ac_huff_tbl_ptrs[slot] = NULL;
    }
}

bool cjpeg_memory_install(j_decompress_ptr jpeg, size_t limit) {
    const size_t size = (limit + PAGE - 1) / PAGE * PAGE;
    // The caller needs memory beside this, and Swift ends the process where it gets none: address space for that must
    // be left over, or there is none for images.
    const size_t beside = (size / 4 + PAGE - 1) / PAGE * PAGE;
    void *base = mmap(NULL, size + beside, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return false;
    munmap((char *)base + size, beside);
    // Of what an image does not need, nothing is to cost memory: a huge page would.
    madvise(base, size, MADV_NOHUGEPAGE);
    cjpeg_memory *memory = base;
    *memory = (cjpeg_memory){
        .manager =
            {.alloc_small = take,
             .alloc_large = take,
             .alloc_sarray = take_samples,
             .alloc_barray = take_blocks,
             .request_virt_sarray = request_samples,
             .request_virt_barray = request_blocks,
             .realize_virt_arrays = realize,
             .access_virt_sarray = access_samples,
             .access_virt_barray = access_blocks,
             .free_pool = free_pool,
             .self_destruct = destroy,
             .max_memory_to_use = (long)limit,
             .max_alloc_chunk = 1000000000L},
        .first = jpeg->mem,
        .base = base,
        .size = size,
        .front = (sizeof *memory + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT,
        .back = size,
        .limit = size};
    jpeg->mem = &memory->manager;
    return true;
}
