extension ClassMask {
    /// The colours of the classes, by their places: those that are drawn, and black for one that is called "background".
    public static func colours(of labels: ArraySlice<ArraySlice<UInt8>>) -> [Colour] {
        labels.indices.map { isBackground(labels[$0]) ? Colour(0, 0, 0) : .ofClass(Int32($0)) }
    }

    /// Data sets that have a class for what belongs to no other call it so.
    static func isBackground(_ label: ArraySlice<UInt8>) -> Bool {
        let name: StaticString = "background"
        return label.elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    /// The mask's row and column that pixel `index` of `length` lies in, along a side of `count`.
    public static func place(of index: Int, in length: Int, of count: Int) -> Int {
        Int(Int64(index) * Int64(count) / Int64(length))
    }
}

extension Image {
    /// Tints the pixels of some classes, each with its label, half with the class's colour, but for one that is called
    /// "background". The mask covers the image at any size.
    public mutating func tint(_ mask: ClassMask, with classes: [(index: Int32, label: ArraySlice<UInt8>)]) {
        var colours = [Colour?](repeating: nil, count: 256)
        for entry in classes where entry.index < 256 && !ClassMask.isBackground(entry.label) {
            colours[Int(entry.index)] = .ofClass(entry.index)
        }
        let columns = (0..<size.width).map { ClassMask.place(of: $0, in: size.width, of: mask.size.width) }
        for y in 0..<size.height {
            let row = ClassMask.place(of: y, in: size.height, of: mask.size.height) * mask.size.width
            var pixel = pixels.baseAddress! + y * rowBytes
            for column in columns {
                if let colour = colours[Int(mask.classes[row + column])] {
                    pixel[0] = UInt8((Int(pixel[0]) + Int(colour.red) + 1) / 2)
                    pixel[1] = UInt8((Int(pixel[1]) + Int(colour.green) + 1) / 2)
                    pixel[2] = UInt8((Int(pixel[2]) + Int(colour.blue) + 1) / 2)
                }
                pixel += 3
            }
        }
    }

    /// Writes each segment's label and share as `annotate` does with classes.
    public mutating func annotate(_ segments: UnsafeBufferPointer<Segment>, labels: [ArraySlice<UInt8>]) {
        let classes = segments.map { ClassScore(classIndex: $0.classIndex, score: $0.share) }
        classes.withUnsafeBufferPointer { annotate($0, labels: labels) }
    }
}
