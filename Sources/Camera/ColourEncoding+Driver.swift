extension ColourEncoding {
    /// V4L2's numbers; where the driver leaves one at 0, its default follows from the colour space
    /// (`V4L2_MAP_YCBCR_ENC_DEFAULT`, `V4L2_MAP_QUANTIZATION_DEFAULT`).
    init(colourSpace: UInt32, encoding: UInt32, quantisation: UInt32) {
        let rec709: UInt32 = 3, jpeg: UInt32 = 7, dciP3: UInt32 = 12
        let matrix: Matrix =
            switch encoding {
            // V4L2_YCBCR_ENC_601, _XV601, _SYCC.
            case 1, 3, 5: .bt601
            // V4L2_YCBCR_ENC_709, _XV709; BT.2020's weights are nearer to BT.709's than to BT.601's.
            case 2, 4, 6, 7: .bt709
            default: colourSpace == rec709 || colourSpace == dciP3 ? .bt709 : .bt601
            }
        self.init(matrix: matrix, isFullRange: quantisation == 1 || (quantisation == 0 && colourSpace == jpeg))
    }
}
