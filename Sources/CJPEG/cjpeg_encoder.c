#include "cjpeg_errors.h"
#include <stdlib.h>

struct cjpeg_encoder {
    struct jpeg_compress_struct jpeg;
    cjpeg_errors errors;
    struct jpeg_destination_mgr destination;
    uint8_t *bytes;
    size_t capacity;
};

enum { FIRST_CAPACITY = 1 << 16 };

static void begin(j_compress_ptr jpeg) {
    cjpeg_encoder *encoder = jpeg->client_data;
    jpeg->dest->next_output_byte = encoder->bytes;
    jpeg->dest->free_in_buffer = encoder->capacity;
}

/// Called with a full buffer.
static boolean grow(j_compress_ptr jpeg) {
    cjpeg_encoder *encoder = jpeg->client_data;
    uint8_t *bytes = realloc(encoder->bytes, encoder->capacity * 2);
    if (!bytes) cjpeg_escape((j_common_ptr)jpeg, CJPEG_OUT_OF_MEMORY);
    jpeg->dest->next_output_byte = bytes + encoder->capacity;
    jpeg->dest->free_in_buffer = encoder->capacity;
    encoder->bytes = bytes;
    encoder->capacity *= 2;
    return TRUE;
}

static void end(j_compress_ptr jpeg) { (void)jpeg; }

cjpeg_encoder *cjpeg_encoder_create(void) {
    cjpeg_encoder *encoder = calloc(1, sizeof *encoder);
    if (!encoder) return NULL;
    encoder->jpeg.err = cjpeg_errors_init(&encoder->errors);
    encoder->bytes = malloc(FIRST_CAPACITY);
    if (!encoder->bytes) {
        free(encoder);
        return NULL;
    }
    if (setjmp(encoder->errors.escape)) {
        cjpeg_encoder_destroy(encoder);
        return NULL;
    }
    encoder->capacity = FIRST_CAPACITY;
    jpeg_create_compress(&encoder->jpeg);
    encoder->jpeg.client_data = encoder;
    encoder->destination.init_destination = begin;
    encoder->destination.empty_output_buffer = grow;
    encoder->destination.term_destination = end;
    encoder->jpeg.dest = &encoder->destination;
    return encoder;
}

void cjpeg_encoder_destroy(cjpeg_encoder *encoder) {
    if (!encoder) return;
    jpeg_destroy_compress(&encoder->jpeg);
    free(encoder->bytes);
    free(encoder);
}

cjpeg_status cjpeg_encode(
    cjpeg_encoder *encoder, const uint8_t *rgb, size_t row_bytes, uint32_t width, uint32_t height, int quality,
    const uint8_t **bytes, size_t *count) {
    struct jpeg_compress_struct *jpeg = &encoder->jpeg;
    if (setjmp(encoder->errors.escape)) {
        jpeg_abort_compress(jpeg);
        return encoder->errors.status;
    }
    jpeg->image_width = width;
    jpeg->image_height = height;
    jpeg->input_components = 3;
    jpeg->in_color_space = JCS_RGB;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, quality, TRUE);
    for (int component = 0; component < jpeg->num_components; component++) {
        jpeg->comp_info[component].h_samp_factor = 1;
        jpeg->comp_info[component].v_samp_factor = 1;
    }
    jpeg_start_compress(jpeg, TRUE);
    while (jpeg->next_scanline < jpeg->image_height) {
        JSAMPROW row = (JSAMPROW)(rgb + (size_t)jpeg->next_scanline * row_bytes);
        jpeg_write_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_compress(jpeg);
    *bytes = encoder->bytes;
    *count = encoder->capacity - jpeg->dest->free_in_buffer;
    return CJPEG_OK;
}

int32_t cjpeg_encoder_error_code(const cjpeg_encoder *encoder) { return encoder->errors.manager.msg_code; }
