#include "ctest_jpeg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

/// Exchanges neighbouring symbols of one code length that are followed by as many bits: the codes stay as long as they
/// are, and mean something else.
static void exchange_symbols(JHUFF_TBL *table) {
    if (!table) return;
    int first = 0;
    for (int length = 1; length <= 16; first += table->bits[length++])
        for (int i = first; i + 1 < first + table->bits[length]; i += 2) {
            const UINT8 symbol = table->huffval[i];
            table->huffval[i] = table->huffval[i + 1];
            table->huffval[i + 1] = symbol;
        }
}

static void leave_out_tables(struct jpeg_compress_struct *jpeg, const ctest_jpeg *wanted) {
    for (int slot = 0; slot < 2; slot++) {
        if (wanted->left_out_dc >> slot & 1) jpeg->dc_huff_tbl_ptrs[slot]->sent_table = TRUE;
        if (wanted->left_out_ac >> slot & 1) jpeg->ac_huff_tbl_ptrs[slot]->sent_table = TRUE;
        if (wanted->left_out_quantisation >> slot & 1) jpeg->quant_tbl_ptrs[slot]->sent_table = TRUE;
    }
}

/// Smooth with a little noise, so that all tables are used.
static void fill_row(uint8_t *row, const ctest_jpeg *wanted, uint32_t y, uint32_t *state) {
    for (uint32_t x = 0; x < wanted->width; x++)
        for (int channel = 0; channel < wanted->components; channel++) {
            *state = *state * 1664525u + 1013904223u;
            const uint32_t phase = wanted->seed * 29u + (uint32_t)channel * 67u;
            *row++ = (uint8_t)(((x * 5u + phase) ^ (y * 3u + phase / 2)) + (*state >> 28));
        }
}

size_t ctest_make_jpeg(const ctest_jpeg *wanted, uint8_t *bytes, size_t capacity) {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    jpeg.err = jpeg_std_error(&errors); // which ends the process: the wishes are a test's own
    jpeg_create_compress(&jpeg);
    unsigned char *made = NULL;
    unsigned long count = 0;
    jpeg_mem_dest(&jpeg, &made, &count);
    jpeg.image_width = wanted->width;
    jpeg.image_height = wanted->height;
    jpeg.input_components = wanted->components;
    jpeg.in_color_space = wanted->components == 1 ? JCS_GRAYSCALE : wanted->components == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    if (wanted->is_rgb) jpeg_set_colorspace(&jpeg, JCS_RGB);
    jpeg_set_quality(&jpeg, wanted->quality, TRUE);
    jpeg.optimize_coding = wanted->is_optimised;
    jpeg.arith_code = wanted->is_arithmetic;
    jpeg.restart_interval = (unsigned)wanted->restart;
    if (wanted->components == 3) {
        jpeg.comp_info[0].h_samp_factor = wanted->across;
        jpeg.comp_info[0].v_samp_factor = wanted->down;
    }
    if (wanted->is_progressive) jpeg_simple_progression(&jpeg);
    jpeg_scan_info scans[4];
    if (wanted->has_separate_scans) {
        for (int i = 0; i < wanted->components; i++) scans[i] = (jpeg_scan_info){1, {i}, 0, 63, 0, 0};
        jpeg.scan_info = scans;
        jpeg.num_scans = wanted->components;
    }
    for (int slot = 0; slot < NUM_HUFF_TBLS && wanted->has_odd_tables; slot++) {
        exchange_symbols(jpeg.dc_huff_tbl_ptrs[slot]);
        exchange_symbols(jpeg.ac_huff_tbl_ptrs[slot]);
    }
    jpeg_suppress_tables(&jpeg, FALSE);
    leave_out_tables(&jpeg, wanted);
    jpeg_start_compress(&jpeg, FALSE);
    uint8_t *row = malloc((size_t)wanted->width * (size_t)wanted->components);
    if (!row) abort();
    uint32_t state = wanted->seed;
    while (jpeg.next_scanline < jpeg.image_height) {
        fill_row(row, wanted, jpeg.next_scanline, &state);
        JSAMPROW rows = row;
        jpeg_write_scanlines(&jpeg, &rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    if (count <= capacity) memcpy(bytes, made, count);
    free(row);
    free(made);
    jpeg_destroy_compress(&jpeg);
    return count <= capacity ? count : 0;
}

uint64_t ctest_hash(uint64_t seed, const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    for (size_t i = 0; i < count; i++) seed = (seed ^ next[i]) * 0x100000001B3u;
    return seed;
}
