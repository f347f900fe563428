/// A pixel's colour.
public struct Colour: Equatable, Sendable {
    /// A pixel's first byte in `Image`.
    public var red: UInt8
    /// The second.
    public var green: UInt8
    /// The third.
    public var blue: UInt8

    /// Full brightness is 255 of each.
    public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// The colour in which detections of a class are shown, in images and on a terminal; `classIndex` is not negative.
    public static func ofClass(_ classIndex: Int32) -> Colour { palette[Int(classIndex) % palette.count] }

    /// Neighbours in the table differ in hue and in lightness.
    private static let palette: InlineArray<12, Colour> = [
        Colour(255, 225, 25), Colour(230, 25, 75), Colour(60, 220, 90), Colour(0, 90, 220), Colour(245, 130, 48),
        Colour(145, 30, 180), Colour(70, 240, 240), Colour(240, 50, 230), Colour(210, 245, 60), Colour(0, 128, 128),
        Colour(250, 190, 212), Colour(128, 70, 20),
    ]

    /// Black or white, whichever is easier to read on this colour (luma of ITU-R BT.601).
    var readableInk: Colour {
        299 * Int(red) + 587 * Int(green) + 114 * Int(blue) >= 128_000 ? Colour(0, 0, 0) : Colour(255, 255, 255)
    }
}

/// A rectangle of whole pixels; right and bottom are outside it.
struct PixelRectangle: Equatable {
    var left: Int
    var top: Int
    var right: Int
    var bottom: Int

    /// Pixels that lie in both.
    func sharedArea(_ other: PixelRectangle) -> Int {
        let width = min(right, other.right) - max(left, other.left)
        let height = min(bottom, other.bottom) - max(top, other.top)
        return width > 0 && height > 0 ? width * height : 0
    }
}

extension Image {
    /// Fills the part of the rectangle that lies in the image.
    mutating func fill(_ rectangle: PixelRectangle, _ colour: Colour) {
        let left = max(rectangle.left, 0)
        let right = min(rectangle.right, size.width)
        let top = max(rectangle.top, 0)
        let bottom = min(rectangle.bottom, size.height)
        guard left < right, top < bottom else { return }
        for y in top..<bottom {
            var pixel = pixels.baseAddress! + y * rowBytes + left * 3
            for _ in left..<right {
                pixel[0] = colour.red
                pixel[1] = colour.green
                pixel[2] = colour.blue
                pixel += 3
            }
        }
    }

    /// Draws the rectangle's edge, `thickness` pixels inwards.
    mutating func stroke(_ rectangle: PixelRectangle, thickness: Int, _ colour: Colour) {
        var edge = rectangle
        edge.bottom = min(rectangle.top + thickness, rectangle.bottom)
        fill(edge, colour)
        edge = rectangle
        edge.top = max(rectangle.bottom - thickness, rectangle.top)
        fill(edge, colour)
        edge = rectangle
        edge.right = min(rectangle.left + thickness, rectangle.right)
        fill(edge, colour)
        edge = rectangle
        edge.left = max(rectangle.right - thickness, rectangle.left)
        fill(edge, colour)
    }

    /// Writes text with its upper left corner at (x, y), each of the font's pixels `scale` pixels wide.
    mutating func write(_ text: [UInt8], x: Int, y: Int, scale: Int, _ colour: Colour) {
        var left = x
        for character in text {
            let glyph = Font.glyph(character)
            for row in 0..<Font.height {
                for column in 0..<Font.width where glyph >> UInt64(row * Font.width + column) & 1 != 0 {
                    let dotLeft = left + column * scale
                    let dotTop = y + row * scale
                    fill(
                        PixelRectangle(left: dotLeft, top: dotTop, right: dotLeft + scale, bottom: dotTop + scale),
                        colour)
                }
            }
            left += Font.width * scale
        }
    }
}
