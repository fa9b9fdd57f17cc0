/// The words that prompts are made of: short, in lower case, without marks, so that most tokenizers need few tokens.
enum PromptWords {
    static let all: [String] = """
        about above after again air all along also always another answer any area around ask away back base because
        before begin below best better between big black blood blue body bone book both box brain bring brown build
        call case cause cell center change chart chest child city class clear close cold color come common cut dark
        data day deep different door down draw drop dry each early earth east easy edge end enough even every eye
        face fact fall far fast field final find fine fire first five flat floor flow follow food foot form found
        four free fresh front full game general give glass gold good gray great green ground group grow half hand
        hard head hear heart heat heavy high hold home hot hour house idea image inch inside iron join just keep
        kind large last late lead leave left less letter level life light line list little live long look low lung
        main make many map mark mass mean measure mind minute moon more most move much name near neck need new next
        night north note number off often old only open order other over own page pair paper part past path person
        picture piece place plain plan plane plant point power press quick rain range reach read red rest right
        river road rock room round rule salt same scale scan sea second see sense set seven shape sharp short show
        side simple six size skin sky slow small snow soft some sound south space star state step stone stop story
        street strong such sun table tail take tall ten test text thick thin thing third three time tissue top total
        tree true turn two type under unit until up upper use usual value vein very view voice wait walk wall warm
        watch water wave way week well west white whole wide wind winter wood word work world year yellow young
        """.split { $0 == " " || $0 == "\n" }.map(String.init)
}
