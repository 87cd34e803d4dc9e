"""
The documentation -> what of it there is not.

    markdown  a page -> headings, links, blocks, inline code
"""
