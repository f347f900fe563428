#include "cjpeg_errors.h"
#include "cjpeg_memory.h"
#include <stdlib.h>
#include <string.h>

struct cjpeg_decoder {
    struct jpeg_decompress_struct jpeg;
    cjpeg_errors errors;
    struct jpeg_progress_mgr progress;
    int scan_limit;
    /// The TIFF structure of the image's first EXIF segment.
    const uint8_t *exif;
    size_t exif_count;
};

static void check_scans(j_common_ptr jpeg) {
    const struct cjpeg_decoder *decoder = jpeg->client_data;
    if (((j_decompress_ptr)jpeg)->input_scan_number > decoder->scan_limit) cjpeg_escape(jpeg, CJPEG_TOO_MANY_SCANS);
}

/// Skips an APP1 segment, and notes where it is EXIF.
static boolean skip_app1(j_decompress_ptr jpeg) {
    static const char name[6] = "Exif\0";
    cjpeg_decoder *decoder = jpeg->client_data;
    struct jpeg_source_mgr *source = jpeg->src;
    if (source->bytes_in_buffer < 2) cjpeg_escape((j_common_ptr)jpeg, CJPEG_TRUNCATED);
    const uint8_t *segment = source->next_input_byte;
    size_t count = (size_t)(segment[0] << 8 | segment[1]);
    if (count < 2) count = 2; // as libjpeg skips others
    if (count > source->bytes_in_buffer) cjpeg_escape((j_common_ptr)jpeg, CJPEG_TRUNCATED);
    if (!decoder->exif && count >= 2 + sizeof name && memcmp(segment + 2, name, sizeof name) == 0) {
        decoder->exif = segment + 2 + sizeof name;
        decoder->exif_count = count - 2 - sizeof name;
    }
    source->skip_input_data(jpeg, (long)count);
    return TRUE;
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
    if (!cjpeg_memory_install(&decoder->jpeg, memory_limit)) {
        jpeg_destroy_decompress(&decoder->jpeg);
        free(decoder);
        return NULL;
    }
    jpeg_set_marker_processor(&decoder->jpeg, JPEG_APP0 + 1, skip_app1);
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

/// Gives the image's memory back and says why it ended.
static cjpeg_status give_up(cjpeg_decoder *decoder) {
    jpeg_abort_decompress(&decoder->jpeg);
    return decoder->errors.status;
}

/// The bytes before the image's SOI, behind which another marker begins; 0 where there is none near. Of an SOI that comes
/// twice, the second begins the image.
static size_t bytes_before(const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i <= CJPEG_BYTES_BEFORE && i + 3 < count; i++) {
        if (bytes[i] != 0xFF || bytes[i + 1] != 0xD8) continue;
        if (bytes[i + 2] == 0xFF ? bytes[i + 3] != 0xD8 : i == 0) return i;
    }
    return 0;
}

cjpeg_status cjpeg_read_header(cjpeg_decoder *decoder, const uint8_t *bytes, size_t count, cjpeg_header *header) {
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    if (setjmp(decoder->errors.escape)) return give_up(decoder);
    // Every image is the decoder's first one: jpeg_read_header forgets all of the last one but its tables.
    jpeg_abort_decompress(jpeg);
    cjpeg_memory_forget_tables(jpeg);
    decoder->exif = NULL;
    decoder->exif_count = 0;
    jpeg->err->num_warnings = 0;
    decoder->errors.scan = 0;
    const size_t before = bytes_before(bytes, count);
    jpeg_mem_src(jpeg, bytes + before, count - before);
    jpeg_read_header(jpeg, TRUE);
    if (jpeg->arith_code) cjpeg_escape((j_common_ptr)jpeg, CJPEG_ARITHMETIC);
    header->width = jpeg->image_width;
    header->height = jpeg->image_height;
    header->components = (uint32_t)jpeg->num_components;
    header->start = before;
    header->exif = decoder->exif;
    header->exif_count = decoder->exif_count;
    switch (jpeg->jpeg_color_space) {
    case JCS_GRAYSCALE: header->colours = CJPEG_GREY; break;
    case JCS_YCbCr:
    case JCS_RGB: header->colours = CJPEG_COLOUR; break;
    default: header->colours = CJPEG_OTHER;
    }
    return CJPEG_OK;
}

void cjpeg_allow_memory(cjpeg_decoder *decoder, size_t limit) { cjpeg_memory_allow(&decoder->jpeg, limit); }

/// Begins to decode. Of an image of several scans, all are read here: those that never came would be grey or blurred.
static void start(struct jpeg_decompress_struct *jpeg) {
    jpeg_start_decompress(jpeg);
    if (!jpeg_has_multiple_scans(jpeg)) return;
    for (int i = 0; i < jpeg->num_components; i++) {
        int is_missing = !jpeg->comp_info[i].quant_table; // which the component's first scan sets
        for (int k = 0; jpeg->progressive_mode && k < DCTSIZE2; k++) is_missing |= jpeg->coef_bits[i][k] != 0;
        if (is_missing) cjpeg_escape((j_common_ptr)jpeg, CJPEG_TRUNCATED);
    }
}

/// Whether nothing is left but zeros, as in a camera's buffer that is larger than its image.
static int is_padding(const struct jpeg_source_mgr *source) {
    size_t count = 0;
    while (count < source->bytes_in_buffer && source->next_input_byte[count] == 0) count++;
    return count == source->bytes_in_buffer;
}

/// Reads what follows the last row. The image is there: what is wrong behind it is a warning.
static void finish(cjpeg_decoder *decoder) {
    if (is_padding(decoder->jpeg.src)) {
        jpeg_abort_decompress(&decoder->jpeg);
        return;
    }
    if (setjmp(decoder->errors.escape)) {
        // The next image's beginning is as good as this one's end.
        if (decoder->errors.manager.msg_code != JERR_SOI_DUPLICATE) decoder->errors.manager.num_warnings++;
        jpeg_abort_decompress(&decoder->jpeg);
        return;
    }
    jpeg_finish_decompress(&decoder->jpeg);
}

cjpeg_status cjpeg_decode(cjpeg_decoder *decoder, uint32_t denominator, uint8_t *rgb, size_t row_bytes) {
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    if (setjmp(decoder->errors.escape)) return give_up(decoder);
    jpeg->out_color_space = JCS_RGB;
    jpeg->raw_data_out = FALSE;
    jpeg->do_fancy_upsampling = TRUE;
    jpeg->scale_num = 1;
    jpeg->scale_denom = denominator;
    start(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = rgb + (size_t)jpeg->output_scanline * row_bytes;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    finish(decoder);
    return CJPEG_OK;
}

/// The rows that one call of jpeg_read_raw_data gives of a component.
static JDIMENSION group_rows(const jpeg_component_info *component) {
    return (JDIMENSION)(component->v_samp_factor * component->DCT_scaled_size);
}

cjpeg_status cjpeg_plan_planes(
    cjpeg_decoder *decoder, uint32_t denominator, uint32_t *width, uint32_t *height, uint32_t *plane_count,
    cjpeg_plane planes[3]) {
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    if (setjmp(decoder->errors.escape)) return give_up(decoder);
    *plane_count = 0;
    const int is_grey = jpeg->jpeg_color_space == JCS_GRAYSCALE && jpeg->num_components == 1;
    if (!is_grey && !(jpeg->jpeg_color_space == JCS_YCbCr && jpeg->num_components == 3)) return CJPEG_OK;
    jpeg->out_color_space = jpeg->jpeg_color_space;
    jpeg->raw_data_out = TRUE;
    jpeg->do_fancy_upsampling = FALSE;
    jpeg->scale_num = 1;
    jpeg->scale_denom = denominator;
    jpeg_calc_output_dimensions(jpeg);
    *width = jpeg->output_width;
    *height = jpeg->output_height;
    const uint32_t across = (uint32_t)(jpeg->max_h_samp_factor * jpeg->min_DCT_scaled_size);
    const uint32_t down = (uint32_t)(jpeg->max_v_samp_factor * jpeg->min_DCT_scaled_size);
    const JDIMENSION block_rows = (JDIMENSION)(jpeg->max_v_samp_factor * DCTSIZE);
    const JDIMENSION groups = (jpeg->image_height + block_rows - 1) / block_rows;
    for (int i = 0; i < jpeg->num_components; i++) {
        const jpeg_component_info *component = &jpeg->comp_info[i];
        planes[i] = (cjpeg_plane){
            component->downsampled_width,
            component->downsampled_height,
            (uint32_t)(component->h_samp_factor * component->DCT_scaled_size),
            across,
            group_rows(component),
            down,
            (size_t)component->width_in_blocks * (size_t)component->DCT_scaled_size,
            (size_t)groups * group_rows(component)};
    }
    *plane_count = (uint32_t)jpeg->num_components;
    return CJPEG_OK;
}

cjpeg_status cjpeg_decode_planes(cjpeg_decoder *decoder, uint8_t *const planes[3]) {
    // At maximum four blocks of eight rows for each of three components.
    enum { MAX_ROWS = MAX_SAMP_FACTOR * DCTSIZE };
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    JSAMPROW rows[3][MAX_ROWS];
    JSAMPARRAY arrays[3] = {rows[0], rows[1], rows[2]};
    if (setjmp(decoder->errors.escape)) return give_up(decoder);
    start(jpeg);
    JDIMENSION maximum = 0;
    for (int i = 0; i < jpeg->num_components; i++)
        if (group_rows(&jpeg->comp_info[i]) > maximum) maximum = group_rows(&jpeg->comp_info[i]);
    for (size_t group = 0; jpeg->output_scanline < jpeg->output_height; group++) {
        for (int i = 0; i < jpeg->num_components; i++) {
            const jpeg_component_info *component = &jpeg->comp_info[i];
            const size_t count = group_rows(component);
            const size_t stride = (size_t)component->width_in_blocks * (size_t)component->DCT_scaled_size;
            for (size_t row = 0; row < count; row++) rows[i][row] = planes[i] + (group * count + row) * stride;
        }
        if (jpeg_read_raw_data(jpeg, arrays, maximum) == 0) break;
    }
    finish(decoder);
    return CJPEG_OK;
}

uint32_t cjpeg_decoder_warnings(const cjpeg_decoder *decoder) { return (uint32_t)decoder->errors.manager.num_warnings; }
int32_t cjpeg_decoder_error_code(const cjpeg_decoder *decoder) { return decoder->errors.manager.msg_code; }
