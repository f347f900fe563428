// The rows of a layer normalisation, for all vector paths: their `row_sums` and `normalise_row` come before this.

CK_INLINE CK_TARGET void normalise_rows(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, float epsilon, const float *gain, const float *shift,
    int8_t *output, size_t ldo) {
    int16_t gains[CK_NORMALISED_CHANNELS], shifts[CK_NORMALISED_CHANNELS];
    for (size_t first = 0; first < channels; first += CK_NORMALISED_CHANNELS) {
        const size_t rest = channels - first;
        const size_t count = rest < CK_NORMALISED_CHANNELS ? rest : CK_NORMALISED_CHANNELS;
        ck_normalisation_channels(count, gain + first, shift + first, gains, shifts);
        for (size_t row = 0; row < rows; row++) {
            int32_t sum, squares;
            row_sums(channels, input + row * ldi, &sum, &squares);
            const ck_normalisation normalisation = ck_row_normalisation(channels, sum, squares, epsilon);
            normalise_row(count, input + row * ldi + first, &normalisation, gains, shifts, output + row * ldo + first);
        }
    }
}
