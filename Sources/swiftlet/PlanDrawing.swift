/// A memory plan as an image: steps from left to right, bytes of the arena from bottom to top, a rectangle per buffer.
enum PlanDrawing {
    private static let height = 480
    private static let stepWidth = 10
    private static let margin = 60
    /// Neighbours in time get different ones.
    private static let colours: [StaticString] = [
        "#8dd3c7", "#fdb462", "#bebada", "#fb8072", "#80b1d3", "#b3de69", "#fccde5", "#ffed6f",
    ]

    static func svg(_ plan: MemoryPlan) -> String {
        let width = (plan.stepCount + 1) * stepWidth
        // Above the arena there is room for the line of the lower bound and the captions.
        func y(_ bytes: Int) -> String {
            fixed(Double(margin) + Double(height) * (1 - Double(bytes) / Double(max(plan.byteCount, 1))), decimals: 2)
        }
        var svg =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width + 2 * margin)\" "
            + "height=\"\(height + 2 * margin)\" font-family=\"sans-serif\" font-size=\"12\">\n"
            + "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        for (index, buffer) in plan.buffers.enumerated() {
            let left = margin + buffer.steps.lowerBound * stepWidth
            let extent = buffer.steps.count * stepWidth
            let tall = fixed(
                Double(height) * Double(buffer.byteCount) / Double(max(plan.byteCount, 1)), decimals: 2)
            svg +=
                "<rect x=\"\(left)\" y=\"\(y(buffer.offset + buffer.byteCount))\" width=\"\(extent)\" "
                + "height=\"\(tall)\" fill=\"\(colours[index % colours.count])\" stroke=\"#333\" "
                + "stroke-width=\"0.4\"><title>"
                + "\(escaped(buffer.name.text))\(buffer.isScratch ? " (scratch)" : ""): \(byteCount(buffer.byteCount)), "
                + "steps \(buffer.steps.lowerBound) to \(buffer.steps.upperBound)</title></rect>\n"
        }
        let bound = y(plan.lowerBound)
        svg +=
            "<line x1=\"\(margin)\" x2=\"\(margin + width)\" y1=\"\(bound)\" y2=\"\(bound)\" stroke=\"#c00\" "
            + "stroke-dasharray=\"6 4\"/>\n"
            + "<text x=\"\(margin)\" y=\"24\">arena \(byteCount(plan.byteCount)) over \(plan.stepCount) steps; "
            + "<tspan fill=\"#c00\">no plan needs less than \(byteCount(plan.lowerBound))</tspan></text>\n"
            + "<text x=\"\(margin)\" y=\"\(height + margin + 24)\">step 0</text>\n"
            + "<text x=\"\(margin + width)\" y=\"\(height + margin + 24)\" text-anchor=\"end\">"
            + "\(plan.stepCount)</text>\n</svg>\n"
        return svg
    }

    /// `text` for XML, which takes no control characters, nor U+FFFE and U+FFFF.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in printable(text).unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\u{FFFE}", "\u{FFFF}": result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
