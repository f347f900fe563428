extension Image {
    /// Draws detections into the image: a box in its class's colour and a tag with label and score, in a size that
    /// goes with the image's. Boxes are drawn as they stand in the stream, in tenths of a pixel: it makes no
    /// difference whether a detection comes from there or straight from the network.
    ///
    /// - Parameter labels: UTF-8, one per class. The font has ASCII: other characters become question marks.
    public mutating func annotate(_ detections: UnsafeBufferPointer<Detection>, labels: [ArraySlice<UInt8>]) {
        let scale = annotationScale
        // The best is drawn last: where boxes overlap, it stays readable. Of equals that is the one that comes first.
        let order = detections.indices.sorted { one, other in
            let (a, b) = (Self.tenThousandths(detections[one].score), Self.tenThousandths(detections[other].score))
            return a == b ? one > other : a < b
        }
        let outlines = detections.indices.map { outline(detections[$0]) }
        for index in order {
            stroke(outlines[index], thickness: scale + 1, .ofClass(detections[index].classIndex))
        }
        // The best chooses its place first.
        var tags = [PixelRectangle](repeating: PixelRectangle(left: 0, top: 0, right: 0, bottom: 0), count: order.count)
        var placed: [PixelRectangle] = []
        for index in order.reversed() {
            let width = (Self.caption(detections[index], labels).count * Font.width + 4) * scale
            tags[index] = tag(
                of: index, width: width, height: (Font.height + 2) * scale, among: outlines, beside: placed)
            placed.append(tags[index])
        }
        for index in order {
            let colour = Colour.ofClass(detections[index].classIndex)
            fill(tags[index], colour)
            write(
                Self.caption(detections[index], labels), x: tags[index].left + 2 * scale, y: tags[index].top + scale,
                scale: scale, colour.readableInk)
        }
    }

    /// 1 up to 900 pixels, then one more for every 600.
    private var annotationScale: Int { max(1, (max(size.width, size.height) + 300) / 600) }

    /// Draws classes of the whole image: a tag each, the best first, from the upper left corner down as far as there is
    /// room. Labels as those of detections.
    public mutating func annotate(_ classes: UnsafeBufferPointer<ClassScore>, labels: [ArraySlice<UInt8>]) {
        let scale = annotationScale, height = (Font.height + 2) * scale
        for (place, entry) in classes.enumerated() where (place + 1) * height <= size.height {
            let caption = Self.caption(entry.classIndex, entry.score, labels), colour = Colour.ofClass(entry.classIndex)
            let top = place * height
            let tag = PixelRectangle(
                left: 0, top: top, right: (caption.count * Font.width + 4) * scale, bottom: top + height)
            fill(tag, colour)
            write(caption, x: 2 * scale, y: top + scale, scale: scale, colour.readableInk)
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

    /// Where a box's tag goes: outside the box, whose object it would hide otherwise, where the image has room above,
    /// below, to the right or to the left of it; of these places where it hides the fewest pixels of other tags and boxes.
    /// Without such a place it lies along the box's upper edge, inside the image as far as it fits.
    private func tag(
        of index: Int, width: Int, height: Int, among outlines: [PixelRectangle], beside tags: [PixelRectangle]
    ) -> PixelRectangle {
        let box = outlines[index]
        func at(_ left: Int, _ top: Int) -> PixelRectangle {
            PixelRectangle(left: left, top: top, right: left + width, bottom: top + height)
        }
        let along = max(0, min(box.left, size.width - width)), beside = max(0, min(box.top, size.height - height))
        var best = at(along, beside)
        var minimum = Int.max
        func consider(_ place: PixelRectangle, fits: Bool) {
            guard fits, minimum > 0 else { return }
            // A tag that is covered cannot be read; a box that is partly covered can still be told.
            var hidden = 0
            for tag in tags { hidden += 4 * place.sharedArea(tag) }
            for other in outlines.indices where other != index { hidden += place.sharedArea(outlines[other]) }
            if hidden < minimum { (best, minimum) = (place, hidden) }
        }
        consider(at(along, box.top - height), fits: box.top >= height)
        consider(at(along, box.bottom), fits: box.bottom + height <= size.height)
        consider(at(box.right, beside), fits: box.right + width <= size.width && height <= size.height)
        consider(at(box.left - width, beside), fits: box.left >= width && height <= size.height)
        return best
    }

    private static func caption(_ detection: Detection, _ labels: [ArraySlice<UInt8>]) -> [UInt8] {
        caption(detection.classIndex, detection.score, labels)
    }

    /// Such as "traffic light 0.87".
    private static func caption(_ classIndex: Int32, _ score: Float, _ labels: [ArraySlice<UInt8>]) -> [UInt8] {
        var text: [UInt8] = []
        // Of a character of several bytes only the first is drawn.
        for byte in labels[Int(classIndex)] where byte & 0xC0 != 0x80 { text.append(byte) }
        let hundredths = (tenThousandths(score) + 50) / 100
        let zero = UInt8(ascii: "0")
        text += [
            UInt8(ascii: " "), zero + UInt8(hundredths / 100), UInt8(ascii: "."), zero + UInt8(hundredths / 10 % 10),
            zero + UInt8(hundredths % 10),
        ]
        return text
    }

    /// The score as a line has it.
    private static func tenThousandths(_ score: Float) -> Int {
        Int(Double(min(max(score, 0), 1)) * 10_000 + 0.5)
    }

}
