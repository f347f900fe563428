extension Picture {
    /// Draws detections into the picture: a box in its class's colour and a tag with label and score, in a size that
    /// goes with the picture's. Boxes are drawn as they stand in the stream, in tenths of a pixel: it makes no
    /// difference whether a detection comes from there or straight from the network.
    ///
    /// - Parameter labels: UTF-8, one per class. The font has ASCII: other characters become question marks.
    public mutating func annotate(_ detections: UnsafeBufferPointer<Detection>, labels: [[UInt8]]) {
        // 1 up to 900 pixels, then one more for every 600.
        let scale = max(1, (max(size.width, size.height) + 300) / 600)
        // The best is drawn last: where boxes overlap, it stays readable. Of equals that is the one that comes first.
        let order = detections.indices.sorted { one, other in
            let (a, b) = (Self.tenThousandths(detections[one]), Self.tenThousandths(detections[other]))
            return a == b ? one > other : a < b
        }
        for index in order {
            stroke(outline(detections[index]), thickness: scale + 1, Self.colour(detections[index].classIndex))
        }
        for index in order {
            let detection = detections[index]
            let text = Self.caption(detection, labels)
            let tag = tag(over: outline(detection), characters: text.count, scale: scale)
            let colour = Self.colour(detection.classIndex)
            fill(tag, colour)
            write(text, x: tag.left + 2 * scale, y: tag.top + scale, scale: scale, colour.readableInk)
        }
    }

    private func outline(_ detection: Detection) -> PixelRectangle {
        func tenths(_ fraction: Float, _ length: Int) -> Int {
            fraction > 0 ? Int(Double(min(fraction, 1)) * Double(length) * 10 + 0.5) : 0
        }
        let box = detection.box
        return PixelRectangle(
            left: tenths(box.left, size.width) / 10, top: tenths(box.top, size.height) / 10,
            right: (tenths(box.right, size.width) + 9) / 10, bottom: (tenths(box.bottom, size.height) + 9) / 10)
    }

    /// Where a box's tag goes: on its upper edge, or below that where the picture ends, and always inside the picture
    /// as far as it fits.
    private func tag(over box: PixelRectangle, characters: Int, scale: Int) -> PixelRectangle {
        let width = (characters * Font.width + 4) * scale
        let height = (Font.height + 2) * scale
        let left = max(0, min(box.left, size.width - width))
        let top = box.top >= height ? box.top - height : max(0, min(box.top, size.height - height))
        return PixelRectangle(left: left, top: top, right: left + width, bottom: top + height)
    }

    /// Such as "traffic light 0.87".
    private static func caption(_ detection: Detection, _ labels: [[UInt8]]) -> [UInt8] {
        var text: [UInt8] = []
        // Of a character of several bytes only the first is drawn.
        for byte in labels[Int(detection.classIndex)] where byte & 0xC0 != 0x80 { text.append(byte) }
        let hundredths = (tenThousandths(detection) + 50) / 100
        let zero = UInt8(ascii: "0")
        text += [
            UInt8(ascii: " "), zero + UInt8(hundredths / 100), UInt8(ascii: "."), zero + UInt8(hundredths / 10 % 10),
            zero + UInt8(hundredths % 10),
        ]
        return text
    }

    /// The score as a line has it.
    private static func tenThousandths(_ detection: Detection) -> Int {
        Int(Double(min(max(detection.score, 0), 1)) * 10_000 + 0.5)
    }

    private static func colour(_ classIndex: Int32) -> Colour { palette[Int(classIndex) % palette.count] }

    /// Neighbours in the table differ in hue and in lightness.
    private static let palette: InlineArray<12, Colour> = [
        Colour(255, 225, 25), Colour(230, 25, 75), Colour(60, 220, 90), Colour(0, 90, 220), Colour(245, 130, 48),
        Colour(145, 30, 180), Colour(70, 240, 240), Colour(240, 50, 230), Colour(210, 245, 60), Colour(0, 128, 128),
        Colour(250, 190, 212), Colour(128, 70, 20),
    ]
}
