/// How an image gets to the size of its area in the tensor (`ImageFit`), width and height independently.
///
/// In all formulas n is the image's side, m the area's, and i an index along the area's side.
public enum ResizeRule: Sendable {
    /// Bilinear in fixed point, for live use. The source position p = clamp((i + 0.5) * n / m - 0.5, 0, n - 1) is
    /// rounded to 1/256 (halves up) and lies between the pixels floor(p) and floor(p) + 1, with the weights 256 - w and
    /// w = 256 * (p - floor(p)). The value is the sum over the four pixels of pixel * row weight * column weight,
    /// divided by 65536: it is not rounded to a byte. Shrinking skips pixels: give it an image of less than twice the
    /// tensor's size, which is what scaled JPEG decoding yields.
    case fast
    /// OpenCV's `resize` with INTER_LINEAR on bytes, to the bit (models/networks.md, "8-bit resizes").
    case bilinearOpenCV
    /// Pillow's `Image.resize` with BICUBIC on bytes, to the bit (a = -0.5; antialiased when shrinking; columns before
    /// rows, as Pillow does up to 12.0; later ones begin with the rows where that is cheaper).
    case bicubicPillow
}
