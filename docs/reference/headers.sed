# The headers in C as Doxygen is to see them. In comments, a function's name is a link, and the statuses that a @return begins with
# stand out.
/^ \*/ {
    s/\bpirn_([a-z0-9_]+)_t\b/PIRN TYPE \1_t/g
    s/(^|[^#`a-z_/"])pirn_([a-z0-9_]*[a-z0-9])($|[^(a-z0-9_/`"]|\()/\1#pirn_\2\3/g
    s/#(pirn_[a-z0-9_]+\()/\1/g
    s/PIRN TYPE /pirn_/g
    /@return/ s/\bPIRN_[A-Z_]+/`&`/g
}
