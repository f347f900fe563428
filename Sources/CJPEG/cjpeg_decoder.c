#include "cjpeg_errors.h"
#include <stdlib.h>

struct cjpeg_decoder {
    struct jpeg_decompress_struct jpeg;
    cjpeg_errors errors;
    struct jpeg_progress_mgr progress;
    int scan_limit;
};

static void check_scans(j_common_ptr jpeg) {
    const struct cjpeg_decoder *decoder = jpeg->client_data;
    if (((j_decompress_ptr)jpeg)->input_scan_number > decoder->scan_limit) cjpeg_escape(jpeg, CJPEG_TOO_MANY_SCANS);
}

cjpeg_decoder *cjpeg_decoder_create(int scan_limit, size_t memory_limit) {
    cjpeg_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder) return NULL;
    decoder->jpeg.err = cjpeg_errors_init(&decoder->errors);
    if (setjmp(decoder->errors.escape)) {
        jpeg_destroy_decompress(&decoder->jpeg);
        free(decoder);
        return NULL;
    }
    jpeg_create_decompress(&decoder->jpeg);
    decoder->jpeg.client_data = decoder;
    decoder->jpeg.mem->max_memory_to_use = (long)memory_limit;
    decoder->progress.progress_monitor = check_scans;
    decoder->jpeg.progress = &decoder->progress;
    decoder->scan_limit = scan_limit;
    return decoder;
}

void cjpeg_decoder_destroy(cjpeg_decoder *decoder) {
    if (!decoder) return;
    jpeg_destroy_decompress(&decoder->jpeg);
    free(decoder);
}

/// Gives the picture's memory back and says why it ended.
static cjpeg_status give_up(cjpeg_decoder *decoder) {
    jpeg_abort_decompress(&decoder->jpeg);
    return decoder->errors.status;
}

cjpeg_status cjpeg_read_header(cjpeg_decoder *decoder, const uint8_t *bytes, size_t count, cjpeg_header *header) {
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    if (setjmp(decoder->errors.escape)) return give_up(decoder);
    jpeg_abort_decompress(jpeg);
    jpeg->err->num_warnings = 0;
    jpeg_mem_src(jpeg, bytes, count);
    jpeg_read_header(jpeg, TRUE);
    header->width = jpeg->image_width;
    header->height = jpeg->image_height;
    header->components = (uint32_t)jpeg->num_components;
    switch (jpeg->jpeg_color_space) {
    case JCS_GRAYSCALE: header->colours = CJPEG_GREY; break;
    case JCS_YCbCr:
    case JCS_RGB: header->colours = CJPEG_COLOUR; break;
    default: header->colours = CJPEG_OTHER;
    }
    return CJPEG_OK;
}

cjpeg_status cjpeg_decode(cjpeg_decoder *decoder, uint32_t denominator, uint8_t *rgb, size_t row_bytes) {
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    if (setjmp(decoder->errors.escape)) return give_up(decoder);
    jpeg->out_color_space = JCS_RGB;
    jpeg->scale_num = 1;
    jpeg->scale_denom = denominator;
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = rgb + (size_t)jpeg->output_scanline * row_bytes;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
    return CJPEG_OK;
}

uint32_t cjpeg_decoder_warnings(const cjpeg_decoder *decoder) { return (uint32_t)decoder->errors.manager.num_warnings; }
int32_t cjpeg_decoder_error_code(const cjpeg_decoder *decoder) { return decoder->errors.manager.msg_code; }
