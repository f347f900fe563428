extension ColourEncoding {
    /// What turns Y, Cb and Cr into red, green and blue, in fixed point with 13 bits behind the point.
    var kernel: ck_ycc {
        // The weights of red and blue in Y: Y = kr R + (1 - kr - kb) G + kb B; Cb and Cr are the distances to blue and red,
        // scaled to -128...127. Of the limited range, Y is 16...235, Cb and Cr are 16...240.
        let kr = matrix == .bt601 ? 0.299 : 0.2126, kb = matrix == .bt601 ? 0.114 : 0.0722
        let luma = isFullRange ? 1 : 255.0 / 219, chroma = isFullRange ? 1 : 255.0 / 224, kg = 1 - kr - kb
        func fixed(_ value: Double) -> Int16 { Int16((value * 8192).rounded(.toNearestOrAwayFromZero)) }
        return ck_ycc(
            black: isFullRange ? 0 : 16, luma: fixed(luma), red_by_cr: fixed(chroma * 2 * (1 - kr)),
            green_by_cb: fixed(-chroma * 2 * (1 - kb) * kb / kg), green_by_cr: fixed(-chroma * 2 * (1 - kr) * kr / kg),
            blue_by_cb: fixed(chroma * 2 * (1 - kb)))
    }
}
