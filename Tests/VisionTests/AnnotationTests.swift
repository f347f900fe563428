import Pixels
import TestSupport
import Testing
import Vision

@Suite struct AnnotationTests {
    private let labels = [ArraySlice("background".utf8), ArraySlice("A".utf8)]

    private func annotated(_ width: Int, _ height: Int, _ boxes: [Box], labels: [ArraySlice<UInt8>]) -> Pixels {
        var image = Image(size: ImageSize(width: width, height: height))
        image.pixels.update(repeating: 9)
        let detections = boxes.map { Detection(classIndex: 1, score: 0.874, box: $0) }
        detections.withUnsafeBufferPointer { image.annotate($0, labels: labels) }
        return Pixels(image)
    }

    @Test func drawsTheBoxAndLeavesItsInsideAlone() {
        let pixels = annotated(
            200, 100, [Box(left: 0.25, top: 0.4, right: 0.75, bottom: 0.9)], labels: labels)
        let untouched: [UInt8] = [9, 9, 9]
        let colour = pixels[50, 40]
        #expect(colour != untouched)
        for (x, y) in [(50, 89), (149, 40), (149, 89), (51, 60), (148, 60), (100, 41), (100, 88)] {
            #expect(pixels[x, y] == colour, "\(x), \(y)")
        }
        for (x, y) in [(49, 60), (150, 60), (100, 90), (52, 60), (147, 60), (100, 42), (100, 87), (100, 60), (0, 0)] {
            #expect(pixels[x, y] == untouched, "\(x), \(y)")
        }
    }

    /// A mask of 2x2 tints an image of any size: half the class's colour where the class is listed, none for a background.
    @Test func tintsListedClasses() {
        var image = Image(size: ImageSize(width: 5, height: 3))
        image.pixels.update(repeating: 9)
        let classes: [UInt8] = [0, 1, 1, 200]
        classes.withUnsafeBufferPointer {
            image.tint(
                ClassMask($0, size: ImageSize(width: 2, height: 2)),
                with: [(0, labels[0]), (1, labels[1]), (4000, ArraySlice("far".utf8))])
        }
        let pixels = Pixels(image), colour = Colour.ofClass(1)
        let tinted = [colour.red, colour.green, colour.blue].map { UInt8((Int($0) + 10) / 2) }
        for y in 0..<3 {
            for x in 0..<5 {
                // Column 2 lies left of the middle, as row 1 lies above it.
                let isTinted = (x < 3) != (y < 2)
                #expect(pixels[x, y] == (isTinted ? tinted : [9, 9, 9]), "\(x), \(y)")
            }
        }
        #expect(ClassMask.colours(of: labels[...]) == [Colour(0, 0, 0), colour])
    }

    /// The tag sits on the box, filled with its colour, and begins with the label.
    @Test func writesTheLabelIntoATag() {
        let pixels = annotated(
            200, 100, [Box(left: 0.25, top: 0.4, right: 0.75, bottom: 0.9)], labels: labels)
        let letter = ["..#...", ".#.#..", "#...#.", "#...#.", "#####.", "#...#.", "#...#."]
        let colour = pixels[50, 40]
        let top = 40 - 12 + 1 + 1
        let ink = pixels[50 + 2 + 2, top]
        #expect(ink != colour)
        for (y, row) in letter.enumerated() {
            for (x, dot) in row.enumerated() {
                #expect(pixels[52 + x, top + y] == (dot == "#" ? ink : colour), "\(x), \(y)")
            }
        }
        // Six characters of six pixels ("A 0.87") and a margin of two on each side.
        #expect(pixels[50 + 39, 28] == colour && pixels[50 + 40, 28] == [9, 9, 9])
    }

    /// A tag is outside its box where there is room, and beside another tag: neither the object nor the other's label is
    /// hidden.
    @Test(arguments: [
        (Box(left: 0.3, top: 0, right: 0.6, bottom: 0.5), 60, 50),  // below
        (Box(left: 0, top: 0, right: 0.5, bottom: 1), 100, 0),  // to the right
        (Box(left: 0.6, top: 0, right: 1, bottom: 1), 80, 0),  // to the left
    ])
    func aTagDoesNotHideItsObject(box: Box, x: Int, y: Int) {
        let pixels = annotated(200, 100, [box], labels: labels)
        let colour = pixels[Int(box.left * 200), Int(box.top * 100)]
        #expect(pixels[x, y] == colour && pixels[x + 39, y + 11] == colour)
        let inside = (Int(box.left * 200) + 2..<Int(box.right * 200) - 2, Int(box.top * 100) + 2..<Int(box.bottom * 100) - 2)
        for y in inside.1 {
            for x in inside.0 { #expect(pixels[x, y] == [9, 9, 9], "\(x), \(y)") }
        }
    }

    @Test func tagsDoNotHideEachOther() {
        // Two boxes with one upper edge, the second a little to the right: its tag would cover the first one's.
        let boxes = [
            Box(left: 0.2, top: 0.3, right: 0.5, bottom: 0.7), Box(left: 0.25, top: 0.3, right: 0.55, bottom: 0.7),
        ]
        let pixels = annotated(200, 100, boxes, labels: labels)
        let colour = pixels[40, 30]
        #expect(pixels[40, 18] == colour && pixels[79, 18] == colour && pixels[80, 18] == [9, 9, 9])
        #expect(pixels[50, 70] == colour && pixels[89, 81] == colour)
    }

    /// Wherever a box lies and however small the image is, drawing stays inside it.
    @Test func drawsOnlyInsideTheImage() {
        let strange = labels.dropLast() + [ArraySlice("über 漢字 with a very long name indeed".utf8)]
        let sides: [Float] = [-.infinity, -3, -0.1, 0, 0.5, 1, 1.2, 1e30, .infinity, .nan]
        for (width, height) in [(1, 1), (3, 50), (50, 3), (64, 64)] {
            var boxes: [Box] = []
            for left in sides {
                for top in sides { boxes.append(Box(left: left, top: top, right: left + 0.4, bottom: top + 0.4)) }
            }
            let pixels = annotated(width, height, boxes, labels: Array(strange))
            #expect(pixels.bytes.contains { $0 != 9 })
        }
    }
}
